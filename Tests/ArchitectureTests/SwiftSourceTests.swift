import Testing

/// The checks are only as good as the reading of the files.
@Suite("Reading the tree") struct SwiftSourceTests {
    private func source(_ text: String) -> SwiftSource { SwiftSource(path: "Some.swift", text: text) }

    @Test func `comments and literals are not code`() {
        let read = source(
            #"""
            let a = "try! \" // no comment" + b  // but try! this
            /* try! /* nested */ still try! */ let c = #"try! " \"# + d
            let `try! it` = """
                try! // text
                """
            """# + "\n")
        #expect(read.lineCount == 5)
        #expect(read.lines(with: "try!").isEmpty)
        #expect(read.lines(with: "+ b") == [1])
        #expect(read.lines(with: "+ d") == [2])
        #expect(read.comments[0] == "// but try! this")
        #expect(read.comments[1].contains("still try!"))
        #expect(Array(read.comments[2...]) == ["", "", ""])
        #expect(read.literals[0] == "try! \\\" // no comment\n")
        #expect(read.literals[3].contains("try! // text"))
    }

    @Test func `code is found wherever it stands`() {
        let read = source("f(\"\\(x)\", try! g())\nlet r = \"unclosed\ntry! h()")
        #expect(read.lines(with: "try!") == [1, 3])
    }

    @Test func `every form of import is seen`() {
        let read = source(
            """
            import A
            internal import B
            @testable import C
            @preconcurrency public import D
            @_spi(X) import E
            import struct F.G
            // import H
            let text = "import I"
            """)
        #expect(read.imports.map(\.module) == ["A", "B", "C", "D", "E", "F"])
        #expect(read.imports[1].access == "internal")
        #expect(read.imports[0].access == "")
    }

    @Test(arguments: [
        ("// why\nX", 2, true), ("X // why", 1, true), ("X\n// why", 1, true),
        ("// why\n@inlinable\nX", 3, true),
        ("X", 1, false), ("// why\n\nX", 3, false), ("// why\nlet a = 1\nX\nlet b = 2\n// other", 3, false),
    ])
    func `an explanation is a comment right at the line`(text: String, line: Int, isExplained: Bool) {
        #expect(source(text).isExplained(line: line) == isExplained)
    }

    @Test func `the manifest's rows are read with their dependencies`() throws {
        let manifest = try Manifest(
            text: """
                let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
                func module(_ name: String) {}
                let modules: [Target] = [
                    // module("Gone"),
                    module("A", settings: pure),
                    module("B", ["A", crypto, .product(name: "P", package: "q"), unknown], path: "tools/B"),
                    program(
                        "c-d",
                        [
                            "A",
                            "B",
                        ]),
                    tests("T", [], resources: [.copy("x")]),
                    clib("L", "liblib", "lib-dev"),
                ]
                .package(url: "https://example.org/owner/swift-crypto", from: "1.0.0"),
                """)
        #expect(manifest.targets.map(\.name) == ["A", "B", "c-d", "T", "L"])
        #expect(manifest.targets[0].isPure)
        #expect(manifest.targets[1].targetDependencies == ["A"])
        #expect(manifest.targets[1].productDependencies == ["Crypto", "P", "unknown"])
        #expect(
            manifest.targets.map(\.path) == ["Sources/A", "tools/B", "tools/c-d", "Tests/T", "Sources/L"])
        #expect(manifest.targets[2].dependencies == ["A", "B"])
        #expect(manifest.packages == ["swift-crypto"])
    }
}
