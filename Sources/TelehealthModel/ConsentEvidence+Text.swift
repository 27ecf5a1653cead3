internal import TextFormats

extension ConsentEvidence {
    /// One text for the store; nil when there is nothing to keep.
    public var storedText: String? {
        if isEmpty { return nil }
        return JSONText.object(
            present: [
                "scan": scanReference.map(JSONText.string),
                "scanSHA256": scanSHA256.map { .string(Hex.encode($0)) },
                "script": scriptVersion.map(JSONText.string), "witness": witness.map(JSONText.string),
            ]
        ).text
    }

    /// - Returns: nil for a text that ``storedText`` never wrote.
    public init?(storedText text: String) {
        guard let members = try? JSONText(parsing: Array(text.utf8)) else { return nil }
        let hash = members["scanSHA256"]?.stringValue
        let bytes = hash.flatMap { Hex.decode($0) }
        if hash != nil && bytes == nil { return nil }
        self.init(
            scanReference: members["scan"]?.stringValue, scanSHA256: bytes,
            scriptVersion: members["script"]?.stringValue, witness: members["witness"]?.stringValue)
    }
}
