internal import ProtobufWire
internal import TelehealthAPI
internal import TextFormats

/// A random UUID (version 4, RFC 9562 section 5.4) in lower-case text form: the shape of a `request_id`.
func makeRequestID(random: () -> UInt64) -> String {
    let high = (random() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
    let low = (random() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    return UUIDText.text(high, low)
}

/// A request that changes something: its id makes a retry safe. Generated code declares which requests do.
protocol ChangeRequest: Message {
    var requestID: String { get set }
}
