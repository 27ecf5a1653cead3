extension Google_Protobuf_Duration {
    /// - Parameter duration: cut to whole nanoseconds, towards zero.
    public init(_ duration: Duration) {
        self.init()
        let (whole, attoseconds) = duration.components
        seconds = whole
        nanos = Int32(attoseconds / 1_000_000_000)
    }

    /// The same span as Swift has it. A peer's out-of-range nanos are carried into the seconds.
    public var swiftDuration: Duration { .seconds(seconds) + .nanoseconds(Int64(nanos)) }
}

extension Google_Protobuf_Timestamp {
    /// - Parameters:
    ///   - seconds: since 1970-01-01T00:00:00Z.
    ///   - nanos: 0...999,999,999, forward also before 1970.
    public init(seconds: Int64, nanos: Int32 = 0) {
        self.init()
        self.seconds = seconds
        self.nanos = nanos
    }
}
