/// The fields of a request's head, in order.
public struct HTTP1Fields: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        /// In lower case.
        public let name: String
        /// Without blanks at either end. Bytes that are not UTF-8 are U+FFFD.
        public let value: String
    }

    public private(set) var all: [Field] = []

    /// The values of all fields of this name, in order.
    ///
    /// - Parameter name: in lower case.
    public func values(_ name: String) -> [String] { all.filter { $0.name == name }.map(\.value) }

    /// The value of a field that occurs once; nil when it is absent, or repeated, which is ambiguous for a field that
    /// is not a list (RFC 9110 section 5.3).
    ///
    /// - Parameter name: in lower case.
    public func value(_ name: String) -> String? {
        let values = values(name)
        return values.count == 1 ? values[0] : nil
    }

    mutating func append(_ field: Field) { all.append(field) }

    /// The elements of all fields of this name as one list, in lower case and without blanks around them; empty ones
    /// included (RFC 9110 section 5.6.1).
    func list(_ name: String) -> [String] {
        values(name).flatMap { value in
            Array(value.utf8)[...].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { part in
                String(decoding: HTTP1Characters.trimmed(part).map(HTTP1Characters.lowercased), as: UTF8.self)
            }
        }
    }
}

extension HTTP1Fields.Field {
    /// Reads one field line (RFC 9112 section 5).
    ///
    /// - Throws: ``HTTP1Violation/foldedField`` for a line that continues another (section 5.2), or blanks before the
    ///   first; ``HTTP1Violation/whitespaceBeforeColon`` (section 5.1); ``HTTP1Violation/malformedField`` for a name
    ///   that is not a token and a value with control characters.
    init(line: ArraySlice<UInt8>) throws(HTTP1Violation) {
        if let first = line.first, HTTP1Characters.isBlank(first) { throw .foldedField }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformedField }
        let name = line[..<colon]
        if let last = name.last, HTTP1Characters.isBlank(last) { throw .whitespaceBeforeColon }
        let value = line[(colon + 1)...]
        guard HTTP1Characters.isToken(name), value.allSatisfy(HTTP1Characters.isFieldValue) else {
            throw .malformedField
        }
        self.init(
            name: String(decoding: name.map(HTTP1Characters.lowercased), as: UTF8.self),
            value: String(decoding: HTTP1Characters.trimmed(value), as: UTF8.self))
    }
}
