extension Google_Protobuf_Any {
    /// The part of a type URL before the message's name.
    private static let urlPrefix = "type.googleapis.com/"

    /// Packs a message with its type's URL.
    public init<M: Message>(packing message: M) {
        self.init()
        typeURL = Self.urlPrefix + M.fullName
        value = message.encodedBytes()
    }

    /// True when the URL names `type`, that is, after its last slash.
    public func holds<M: Message>(_ type: M.Type) -> Bool {
        guard let slash = typeURL.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
        return typeURL[typeURL.utf8.index(after: slash)...] == M.fullName
    }

    /// The packed message, nil when it is of another type.
    ///
    /// - Throws: ``WireError`` when the bytes are not of the type the URL names.
    public func unpack<M: Message>(as type: M.Type) throws(WireError) -> M? {
        guard holds(type) else { return nil }
        return try M(decoding: value)
    }
}
