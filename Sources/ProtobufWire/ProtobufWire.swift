// The protobuf wire format: messages to bytes and back, field rules, and what generated messages are written against.
