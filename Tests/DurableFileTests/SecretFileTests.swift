import DurableFile
import Foundation
import Testing

@Suite("A file with one secret") struct SecretFileTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `is made at the first start and is the same at the next`() throws {
        try inFolder { folder in
            let path = folder + "/new/key"
            let missing = try SecretFile.read(path)
            #expect(missing == nil)
            let first = try SecretFile.readOrMake(path)
            #expect(first.count == 32 && Set(first).count > 8)
            let again = try SecretFile.readOrMake(path) { [UInt8](repeating: 0, count: 32) }
            #expect(again == first)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == first.map { String(format: "%02x", $0) }.joined() + "\n")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let next = SecretFile.randomBytes()
            try SecretFile.replace(path, next)
            let replaced = try SecretFile.read(path)
            #expect(replaced == next && next != first)
        }
    }

    @Test func `is read as other tools write it`() throws {
        try inFolder { folder in
            let bytes = (0..<32).map { UInt8($0 * 8 + 7) }
            let digits = bytes.map { String(format: "%02X", $0) }.joined()
            for text in [digits, digits.lowercased() + "\r\n", "  \(digits)\n\n"] {
                let path = folder + "/key"
                try SmallFile.replace(path, Array(text.utf8), .secret)
                let read = try SecretFile.read(path)
                #expect(read == bytes)
            }
        }
    }

    @Test(arguments: [
        "", "\n", String(repeating: "0", count: 62), String(repeating: "0", count: 66), String(repeating: "g", count: 64),
        String(repeating: "0", count: 32) + " " + String(repeating: "0", count: 32), String(repeating: "+1", count: 32),
        String(repeating: "０", count: 64),
    ])
    func `anything but 64 digits is refused`(text: String) throws {
        try inFolder { folder in
            let path = folder + "/key"
            try SmallFile.replace(path, Array(text.utf8), .secret)
            #expect(throws: FileFailure.self) { try SecretFile.read(path) }
            #expect(throws: FileFailure.self) { try SecretFile.readOrMake(path) }
        }
    }

    @Test func `one that others may read is refused`() throws {
        try inFolder { folder in
            let path = folder + "/key"
            _ = try SecretFile.readOrMake(path)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            #expect(throws: FileFailure(path, .openToOthers(mode: 0o640))) { try SecretFile.read(path) }
        }
    }
}
