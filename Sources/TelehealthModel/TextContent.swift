extension StringProtocol {
    /// Whether the text says something: it holds a letter or digit of any script. Spaces, dashes and what cannot be
    /// seen say nothing.
    public var saysSomething: Bool {
        unicodeScalars.contains { scalar in
            // Most texts begin with one of these; Unicode's tables cost forty times as much.
            switch scalar {
            case "A"..."Z", "a"..."z", "0"..."9": true
            case _ where scalar.isASCII: false
            default: scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            }
        }
    }

    /// How many characters an API's limit counts: Unicode scalars, as protovalidate does.
    public var characterCount: Int { unicodeScalars.count }
}
