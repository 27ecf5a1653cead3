extension HTTPSResponse {
    /// 2^31 seconds represent everything longer (RFC 9111 §1.2.2).
    private static let secondsMax: Int64 = 1 << 31

    /// How long from now the response may be reused.
    ///
    /// - Returns: zero for a response that must not be reused, also if its directives are contradictory; nil when
    ///   `Cache-Control` says nothing about it.
    /// - Spec: RFC 9111 §4.2.1 (`max-age`; several or invalid ones make the response stale), §4.2.3 (`Age` is time
    ///   already elapsed), §5.2.2.4 (`no-cache`), §5.2.2.5 (`no-store`). `s-maxage` is for shared caches.
    public var freshFor: Duration? {
        var ages: [Int64?] = []
        for directive in headers.values(of: "Cache-Control").flatMap({ $0.split(separator: ",") }) {
            let parts = directive.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? Self.trimmed(parts[1]) : nil
            switch Self.trimmed(parts[0]).lowercased() {
            case "no-store", "no-cache": return .zero
            case "max-age": ages.append(value.flatMap(Self.seconds))
            default: break
            }
        }
        guard let first = ages.first else { return nil }
        guard let lifetime = first, ages.count == 1 else { return .zero }
        let age = headers["Age"].flatMap { Self.seconds($0[...]) } ?? 0
        return .seconds(max(0, lifetime - age))
    }

    /// Digits, in quotes or not (RFC 9111 §5.2).
    private static func seconds(_ text: Substring) -> Int64? {
        let isQuoted = text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
        let digits = (isQuoted ? text.dropFirst().dropLast() : text).utf8
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return digits.reduce(0) { sum, digit in min(secondsMax, sum * 10 + Int64(digit - UInt8(ascii: "0"))) }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        let rest = text.drop(while: isBlank)
        return rest[..<(rest.lastIndex { !isBlank($0) }.map { rest.index(after: $0) } ?? rest.startIndex)]
    }
}
