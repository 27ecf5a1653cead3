import DurableFile
import Foundation
import Testing

@Suite("A new file") struct NewFileTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "new-\(UUID().uuidString)").path

    @Test func `has its parts in order, and is for its owner alone`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try NewFile(path)
        for part in [[UInt8]([1, 2]), [], [3]] { try file.append(part) }
        #expect(try SmallFile.read(path, bytesMax: 10, .secret) == [1, 2, 3])
    }

    @Test func `leaves what has its name as it was`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SmallFile.create(path, [7], .open)
        #expect(throws: FileFailure(path, .system(code: EEXIST, operation: "open"))) { try NewFile(path) }
        #expect(try SmallFile.read(path, bytesMax: 10, .open) == [7])
    }
}
