/// An enum value's stable public name: its case in capitals with underscores ("waitingRoom" is
/// "WAITING_ROOM").
///
/// Reasons of events, error details and the earlier API's states are written so.
public func wireName<Value: RawRepresentable<String>>(_ value: Value) -> String {
    var name = ""
    // Byte by byte: cases are ASCII, and Unicode's tables took 4 % of a start.
    for byte in value.rawValue.utf8 {
        let scalar = Unicode.Scalar(byte)
        switch scalar {
        case "a"..."z": name.unicodeScalars.append(Unicode.Scalar(byte - 32))
        case "A"..."Z":
            name.append("_")
            name.unicodeScalars.append(scalar)
        default: name.unicodeScalars.append(scalar)
        }
    }
    return name
}
