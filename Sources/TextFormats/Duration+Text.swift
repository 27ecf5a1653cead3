extension Duration {
    /// The longest duration accepted from text: 31 years, which does not overflow any clock.
    public static let longestInText = Duration.seconds(1_000_000_000)

    /// A decimal number of seconds, such as `20` or `0.25`, from minus to plus ``longestInText``.
    ///
    /// `inf`, `nan` and larger numbers are nil: converting them to a `Duration` would trap.
    public init?(secondsText text: String) {
        guard let seconds = Double(text) else { return nil }
        self.init(boundedSeconds: seconds)
    }

    /// nil for what is not a number, and beyond plus or minus ``longestInText``.
    public init?(boundedSeconds seconds: Double) {
        guard seconds.magnitude <= 1e9 else { return nil }
        self = .seconds(seconds)
    }
}
