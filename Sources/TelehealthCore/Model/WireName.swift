/// An enum value's stable public name: its case in capitals with underscores ("waitingRoom" is
/// "WAITING_ROOM").
///
/// Reasons of events, error details and the earlier API's states are written so.
public func wireName<Value: RawRepresentable<String>>(_ value: Value) -> String {
    var name = ""
    for character in value.rawValue {
        if character.isUppercase { name.append("_") }
        name += character.uppercased()
    }
    return name
}
