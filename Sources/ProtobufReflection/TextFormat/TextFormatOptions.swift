/// How text format is read.
public struct TextFormatDecodingOptions: Sendable {
    /// Skips unknown fields and extensions instead of refusing them.
    public var ignoresUnknownFields: Bool
    /// Longest text, bytes.
    public var maximumByteCount: Int
    /// Deepest nesting of messages; as for wire bytes, 100 is what other implementations allow.
    public var maximumDepth: Int
    /// Maximum number of nested messages in one text, all levels together, for the same reason as for wire bytes:
    /// `a{}` is 3 bytes here and a few hundred in memory.
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
    /// Also writes unknown fields, by number, with a possible meaning of their wire bytes. Such text is for people:
    /// it cannot be parsed.
    public var printsUnknownFields: Bool

    public init(isIndented: Bool = false, printsUnknownFields: Bool = false) {
        self.isIndented = isIndented
        self.printsUnknownFields = printsUnknownFields
    }
}
