internal import ProtobufWire
internal import TelehealthModel

extension Timestamp {
    /// Years 1 to 9999, as google.protobuf.Timestamp allows; cut to microseconds.
    init?(_ wire: Google_Protobuf_Timestamp) {
        guard (-62_135_596_800...253_402_300_799).contains(wire.seconds),
            (0..<1_000_000_000).contains(wire.nanos)
        else { return nil }
        self.init(microseconds: wire.seconds * 1_000_000 + Int64(wire.nanos) / 1_000)
    }

    var wire: Google_Protobuf_Timestamp {
        var wire = Google_Protobuf_Timestamp()
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        wire.seconds = remainder < 0 ? quotient - 1 : quotient
        wire.nanos = Int32(remainder < 0 ? remainder + 1_000_000 : remainder) * 1_000
        return wire
    }
}

extension Duration {
    var wire: Google_Protobuf_Duration {
        var wire = Google_Protobuf_Duration()
        wire.seconds = components.seconds
        wire.nanos = Int32(components.attoseconds / 1_000_000_000)
        return wire
    }
}
