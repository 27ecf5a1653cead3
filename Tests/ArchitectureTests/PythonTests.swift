import Foundation
import Testing

@Suite("Tests in Python") struct PythonTests {
    /// What makes fixtures imports the tests of the commit that it makes them with.
    private static let files = Repository.files(in: "Tests", withExtensions: ["py"])
        .filter { !$0.hasPrefix("Tests/Fixtures/") }

    /// What two tests need has a home of its own: a test that another one imports cannot be read or moved alone.
    @Test func `no file imports a test`() throws {
        #expect(Self.files.count > 80)
        for path in Self.files {
            let lines = try Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() {
                let words = line.split(separator: " ").prefix(2)
                let imports = words.first == "import" || words.first == "from"
                #expect(!(imports && words.last!.hasPrefix("test_")), "\(path):\(number + 1): \(line)")
            }
        }
    }

    @Test func `a test of foreign clients is in the folder of its subject`() {
        let folders = ["visits", "security", "programs", "contract"]
        for path in Self.files where path.hasPrefix("Tests/Interop/") {
            let parts = path.split(separator: "/")
            let isTest = parts.last!.hasPrefix("test_")
            #expect(!isTest || (parts.count == 4 && folders.contains(String(parts[2]))), "\(path)")
        }
    }
}
