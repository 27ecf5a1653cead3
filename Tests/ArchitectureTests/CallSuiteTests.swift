import Foundation
import Testing

/// Every handler has its suite, and every function that a client is offered is called by a test.
@Suite("Suites of calls") struct CallSuiteTests {
    /// A function of the client library: `end` of `sessions`.
    private struct Call: Hashable {
        let group: String
        let name: String
        var isGenerated: Bool

        func isMade(in code: String) -> Bool { code.contains(".\(group).\(name)(") }
    }

    /// The code of a folder, without comments, literals and white space, so that a call is found wherever its line ends.
    private static func code(_ folder: String) -> String {
        Repository.sources(in: folder).flatMap(\.code).joined().filter { !$0.isWhitespace && $0 != "`" }
    }

    /// The functions of every group of calls.
    private static func calls() -> [Call] {
        let sources = Repository.sources(in: "Sources/TelehealthClient")
        var groups: [String: String] = [:]
        for line in sources.flatMap(\.code) {
            guard let match = line.firstMatch(of: /public var (\w+): (\w+Calls) \{/) else { continue }
            groups[String(match.2)] = String(match.1)
        }
        return sources.flatMap { source in
            var group: String?
            return source.code.compactMap { line -> Call? in
                if let match = line.firstMatch(of: /^(?:public )?(?:struct|extension) (\w+)/) { group = groups[String(match.1)] }
                guard let group, let match = line.firstMatch(of: /^    public func `?(\w+)`?\(/) else { return nil }
                return Call(group: group, name: String(match.1), isGenerated: Repository.isGenerated(source.path))
            }
        }
    }

    @Test func `every handler has a suite of its name`() {
        let handlers = Repository.sources(in: "Sources/TelehealthHandlers").flatMap(\.code).compactMap { line in
            line.firstMatch(of: /struct (\w+): Telehealth_V1_\w+Handler\b/).map { String($0.1) }
        }
        #expect(handlers.count > 10, "the handlers were not found")
        for handler in handlers {
            let suite = Repository.sources(in: "Tests/TelehealthHandlersTests").first {
                $0.path.hasSuffix("/\(handler)Tests.swift")
            }
            #expect(suite?.lines(with: "struct \(handler)Tests ").count == 1, "\(handler) has no suite")
        }
    }

    @Test func `every call of the client is made to its real handler`() {
        let tests = Self.code("Tests/TelehealthHandlersTests")
        let calls = Self.calls().filter(\.isGenerated)
        #expect(calls.count > 50, "the calls were not found")
        #expect(calls.filter { !$0.isMade(in: tests) }.map { "\($0.group).\($0.name)" } == [])
    }

    @Test func `every function of the client library is called by one of its tests`() {
        let tests = Self.code("Tests/TelehealthClientTests")
        let calls = Self.calls()
        #expect(calls.contains { !$0.isGenerated }, "the streams were not found")
        #expect(calls.filter { !$0.isMade(in: tests) }.map { "\($0.group).\($0.name)" } == [])
        for source in Repository.sources(in: "Sources/TelehealthClient") where !Repository.isGenerated(source.path) {
            for line in source.code {
                guard let match = line.firstMatch(of: /public (?:\w+ )*func (\w+)\(/) else { continue }
                #expect(tests.contains(".\(match.1)("), "\(source.path): no test calls \(match.1)")
            }
        }
    }

    @Test func `every function of the library for tests is called by a test`() {
        let tests = Self.code("Tests/TelehealthClientTests")
        let sources = Repository.sources(in: "Sources/TelehealthTesting").filter { !Repository.isGenerated($0.path) }
        let names = sources.flatMap(\.code).compactMap { line in
            line.firstMatch(of: /public (?:\w+ )*func (\w+)[<(]/).map { String($0.1) }
        }
        #expect(names.count > 10, "the functions were not found")
        #expect(names.filter { !tests.contains(".\($0)(") && !tests.contains(".\($0){") } == [])
    }
}
