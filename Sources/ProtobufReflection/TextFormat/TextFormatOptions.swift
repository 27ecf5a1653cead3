/// How text format is read.
public struct TextFormatDecodingOptions: Sendable {
    /// Skips fields and extensions the type does not know instead of refusing them.
    public var ignoresUnknownFields: Bool
    /// Longest text, bytes.
    public var maximumByteCount: Int
    /// Deepest nesting of messages; as for wire bytes, 100 is what other implementations allow.
    public var maximumDepth: Int
    /// Most nested messages in one text, all levels together, for the reason that wire bytes have such a
    /// limit: `a{}` is 3 bytes here and a few hundred in memory.
    public var maximumMessageCount: Int

    /// - Parameters: see the properties; all in whole units, at least 0.
    public init(
        ignoresUnknownFields: Bool = false, maximumByteCount: Int = 64 << 20, maximumDepth: Int = 100,
        maximumMessageCount: Int = 1 << 18
    ) {
        self.ignoresUnknownFields = ignoresUnknownFields
        self.maximumByteCount = maximumByteCount
        self.maximumDepth = maximumDepth
        self.maximumMessageCount = maximumMessageCount
    }
}

/// How text format is written.
public struct TextFormatEncodingOptions: Sendable {
    /// A line per field and two spaces per level, instead of one line.
    public var isIndented: Bool
    /// Writes fields the type does not know, by number, with what their wire bytes may mean. Such a text is for
    /// people: no parser takes it back.
    public var printsUnknownFields: Bool

    public init(isIndented: Bool = false, printsUnknownFields: Bool = false) {
        self.isIndented = isIndented
        self.printsUnknownFields = printsUnknownFields
    }
}
