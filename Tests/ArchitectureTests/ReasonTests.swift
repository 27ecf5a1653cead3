import Foundation
import Testing

/// What errors.proto promises is sent by somebody, and whatever is sent is promised.
@Suite("Reasons") struct ReasonTests {
    /// The words of errors.proto that are sent, without their prefix.
    private let promised: Set<String>
    /// The domain's words by the case of `TelehealthError.Reason`.
    private let domain: [String: String]

    init() throws {
        let proto = try Repository.text("proto/telehealth/v1/errors.proto")
        promised = Set(proto.matches(of: /\n  ERROR_REASON_(\w+) = [1-9]/).map { String($0.1) })
        let reasons = try Repository.text("Sources/TelehealthRules/Policy/TelehealthError.swift")
        domain = Dictionary(
            uniqueKeysWithValues: reasons.matches(of: /case (\w+) = "([A-Z_]+)"/).map {
                (String($0.1), String($0.2))
            })
    }

    private static func code(in folder: String, except excluded: String = "-") -> [String] {
        Repository.sources(in: folder).filter { !$0.path.hasPrefix(excluded) }.flatMap(\.code)
    }

    private static func names(_ word: String, in lines: [String]) -> Bool {
        lines.contains { line in
            line.ranges(of: "." + word).contains { range in
                guard range.upperBound < line.endIndex else { return true }
                return !line[range.upperBound].isLetter && !line[range.upperBound].isNumber
            }
        }
    }

    @Test func `each reason of the domain is thrown or given by some rule`() {
        // Its own file gives it a sentence and a category, which is not sending it.
        let code =
            Self.code(
                in: "Sources/TelehealthRules", except: "Sources/TelehealthRules/Policy/TelehealthError+Reasons.swift")
            + Self.code(in: "Sources/TelehealthEngine")
        let handlers = Self.code(in: "Sources/TelehealthHandlers")
        #expect(domain.count > 60)
        let idle = domain.keys.filter { !Self.names($0, in: code) && !Self.names($0, in: handlers) }
        #expect(idle.sorted() == [])
    }

    @Test func `each reason that is promised is the domain's, the access interceptor's or the token's`() throws {
        let handlers = Self.code(in: "Sources/TelehealthHandlers")
        let identity = try Repository.text("Sources/Identity/TokenError.swift")
        let rest = promised.subtracting(domain.values).filter { word in
            let parts = word.lowercased().split(separator: "_")
            let name = parts.dropFirst().reduce(String(parts[0])) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
            return !Self.names(name, in: handlers) && !identity.contains("\"\(word)\"")
        }
        #expect(promised.count > 70 && rest.sorted() == [])
    }

    @Test func `each reason that is sent is promised`() throws {
        let identity = try Repository.text("Sources/Identity/TokenError.swift")
        let tokens = identity.matches(of: /"(TOKEN_[A-Z_]+)"/).map { String($0.1) }
        #expect(Set(domain.values).union(tokens).subtracting(promised) == [])
        // Nobody makes words up: handlers name the contract's own values, and rules those of the domain.
        for source in Repository.sources(in: "Sources/TelehealthHandlers") {
            let text = try Repository.text(source.path)
            #expect(text.firstMatch(of: /StatusDetails\((?:word|reason): "/) == nil, "\(source.path)")
        }
    }

    /// The client's words for a call are the API's own.
    @Test func `no comment of the client repeats who may use a call, or how it may be refused`() {
        let client = Repository.sources(in: "Sources/TelehealthClient")
        for source in client where source.path.contains("TelehealthClient+") {
            let repeats = source.comments.indices.filter {
                source.comments[$0].contains(/\bRoles?\b.*:|\bErrors:|\b[A-Z]+(_NOT_|_MISSING|_INVALID|_ACTIVE|_FOUND)/)
            }
            #expect(repeats == [], "\(source.path): lines \(repeats.map { $0 + 1 })")
        }
    }
}
