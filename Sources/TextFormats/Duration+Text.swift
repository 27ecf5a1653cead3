extension Duration {
    /// The longest that is read from text: 31 years, which every clock of ours can be moved by.
    public static let longestInText = Duration.seconds(1_000_000_000)

    /// A decimal number of seconds, such as `20` or `0.25`, from minus to plus ``longestInText``.
    ///
    /// `inf`, `nan` and what is too large to mean anything are nil: made into a `Duration` they would trap.
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
