import Testing

/// What one reader can hold in mind at a time.
@Suite("Sizes of types and files") struct SizeTests {
    /// A type with more is several types in one.
    private static let functionsMax = 25
    /// One file in ten may be as long.
    private static let usualLinesMax = 200

    private static func functions() throws -> [String: Int] {
        var functions = TypeFunctions()
        for target in try Repository.manifest().targets where target.path.hasPrefix("Sources/") {
            for source in Repository.sources(in: target.path) where !Repository.isGenerated(source.path) {
                functions.add(source, module: target.name)
            }
        }
        return functions.counts
    }

    @Test func `a type has at most 25 public functions`() throws {
        let counts = try Self.functions()
        #expect(counts.count > 200, "the types were not found")
        for (type, count) in counts.sorted(by: { $0.key < $1.key }) where count > Self.functionsMax {
            Issue.record("\(type) has \(count) public functions")
        }
    }

    @Test func `nine files in ten have fewer than 200 lines`() {
        let lengths = Repository.handwritten.filter { !$0.path.hasPrefix("Tests/") }.map(\.lineCount).sorted()
        #expect(lengths.count > 500, "the tree could not be read")
        let ninetieth = lengths[lengths.count * 9 / 10]
        #expect(ninetieth < Self.usualLinesMax, "the 90th percentile is \(ninetieth) lines")
    }

    @Test func `functions are counted over a type's extensions`() {
        var functions = TypeFunctions()
        functions.add(
            SwiftSource(
                path: "A.swift",
                text: """
                    public struct A {
                        public init() {}
                        public func a() {}
                        @inlinable @inline(__always)
                        package static func b() {
                            func notMine() {}
                        }
                        func internalOne() {}
                        public struct B {
                            public func c() {}
                        }
                        public mutating func d() {}
                        public class func e() {}
                        public init(of text: String) { self.init() }
                        public var text: String { "func notThis() {}" }
                    }
                    public protocol P {
                        func f()
                        func g()
                    }
                    extension A.B {
                        public func h() {}
                    }
                    """), module: "M")
        functions.add(
            SwiftSource(
                path: "B.swift",
                text: """
                    extension A {
                        package func i() {}
                    }
                    package extension A {
                        func j() {}
                        private func k() {}
                    }
                    extension P {
                        func internalOne() {}
                    }
                    extension String {
                        public func l() {}
                    }
                    """), module: "N")
        #expect(functions.counts == ["M.A": 6, "M.A.B": 2, "M.P": 2, "N.String": 1])
    }

    @Test func `types of one name in two modules are counted apart`() {
        var functions = TypeFunctions()
        for module in ["M", "N"] {
            functions.add(
                SwiftSource(path: "A.swift", text: "public struct A {\n    public func a() {}\n}"), module: module)
        }
        #expect(functions.counts == ["M.A": 1, "N.A": 1])
    }
}
