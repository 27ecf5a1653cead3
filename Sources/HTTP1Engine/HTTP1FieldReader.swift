/// Reads field lines up to the empty one, within the limits: those of a head, or trailers.
struct HTTP1FieldReader: Sendable {
    private(set) var fields = HTTP1Fields()
    /// Trailers are checked and dropped (RFC 9112 section 7.1.2): no field of ours is allowed there.
    private let areTrailers: Bool
    private var byteCount = 0
    private var lineCount = 0

    init(areTrailers: Bool) { self.areTrailers = areTrailers }

    /// Takes lines while there are whole ones.
    ///
    /// - Returns: whether the empty line was among them.
    mutating func read(_ input: inout HTTP1Input, _ limits: HTTP1Limits) throws(HTTP1Violation) -> Bool {
        while true {
            let left = max(0, limits.fieldsBytesMax - byteCount - 2)
            guard let line = try input.nextLine(limit: left, tooLong: .fieldsTooLarge) else { return false }
            if line.isEmpty { return true }
            lineCount += 1
            byteCount += line.count + 2
            guard lineCount <= limits.fieldsMax else { throw .tooManyFields }
            let field = try HTTP1Fields.Field(line: line)
            if !areTrailers { fields.append(field) }
        }
    }
}
