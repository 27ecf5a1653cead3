internal import ProtobufWire

/// A message with some fields set, as one expression.
func filled<M: Message>(_ fill: (inout M) -> Void) -> M {
    var message = M()
    fill(&message)
    return message
}
