import Foundation

/// Files beside the tests.
enum Fixture {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent("Fixtures/\(name)")))
    }

    static func golden(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent("Golden/\(name)"), encoding: .utf8)
    }
}
