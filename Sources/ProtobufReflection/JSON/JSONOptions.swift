/// How JSON is read.
public struct JSONDecodingOptions: Sendable {
    /// Skips unknown fields and enum names instead of refusing them.
    public var ignoresUnknownFields: Bool
    /// Maximum nesting of objects and arrays; as for wire bytes, 100 is what other implementations allow.
    public var maximumDepth: Int

    public init(ignoresUnknownFields: Bool = false, maximumDepth: Int = 100) {
        self.ignoresUnknownFields = ignoresUnknownFields
        self.maximumDepth = maximumDepth
    }
}

/// How JSON is written.
public struct JSONEncodingOptions: Sendable {
    /// Keys as in the schema (`session_id`) instead of `sessionId`.
    public var usesSchemaNames: Bool
    /// Also writes fields without presence that have their default value.
    public var includesDefaults: Bool
    /// Two spaces per level and a line per value, instead of one line.
    public var isIndented: Bool

    public init(usesSchemaNames: Bool = false, includesDefaults: Bool = false, isIndented: Bool = false) {
        self.usesSchemaNames = usesSchemaNames
        self.includesDefaults = includesDefaults
        self.isIndented = isIndented
    }
}
