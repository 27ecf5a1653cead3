extension StringProtocol {
    /// Whether the text says something: it holds a letter or digit of any script. Spaces, dashes and what cannot be
    /// seen say nothing.
    public var saysSomething: Bool {
        unicodeScalars.contains { $0.properties.isAlphabetic || $0.properties.numericType != nil }
    }

    /// How many characters an API's limit counts: Unicode scalars, as protovalidate does.
    public var characterCount: Int { unicodeScalars.count }
}
