import AuditChain
import DurableFile
import Foundation
import TelehealthModel
import Testing
import TextFormats

@testable import Identity

@Suite("The file of the receipt key") struct ReceiptKeyFileTests {
    private static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "receipts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appending(path: "receipts.key").path)
    }

    private static func damaged(_ path: String) -> KeySetError {
        .file(.init(path + ".retired", .malformed("a key and its seconds on each line")))
    }

    private static func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func `the first key is made once, for its owner alone`() throws {
        try Self.inFolder { path in
            #expect(throws: KeySetError.file(.init(path, .missing))) { try ReceiptKeyFile.read(path) }
            let first = try ReceiptKeyFile.open(path)
            #expect(try ReceiptKeyFile.open(path).signer.publicKey.bytes == first.signer.publicKey.bytes)
            #expect(first.retired.isEmpty)
            #expect(try Self.mode(path) == 0o600)
        }
    }

    @Test func `a rotation keeps the public half of every key before`() throws {
        try Self.inFolder { path in
            var ids = [try ReceiptKeyFile.open(path).signer.publicKey.id]
            for second in 1...3 {
                let now = Timestamp(microseconds: Int64(second) * 1_000_000)
                ids.append(try ReceiptKeyFile.rotate(path, now: now).signer.publicKey.id)
            }
            let keys = try ReceiptKeyFile.open(path)
            #expect(Set(ids).count == 4 && keys.signer.publicKey.id == ids[3])
            #expect(keys.retired.map(\.key.id) == Array(ids.prefix(3)))
            #expect(keys.retired.map { $0.retiredAt.microseconds } == [1_000_000, 2_000_000, 3_000_000])
            #expect(try Self.mode(path) == 0o600)
        }
    }

    @Test func `a rotation that was cut short behind its note has not happened`() throws {
        try Self.inFolder { path in
            let key = try ReceiptKeyFile.open(path).signer.publicKey
            let note = "\(Hex.encode(key.bytes)) 5\n"
            try note.write(toFile: path + ".retired", atomically: true, encoding: .utf8)
            let keys = try ReceiptKeyFile.read(path)
            #expect(keys.signer.publicKey.id == key.id && keys.retired.isEmpty)
            let next = try ReceiptKeyFile.rotate(path, now: Timestamp(microseconds: 9_000_000))
            #expect(next.retired.map(\.key.id) == [key.id])
        }
    }

    @Test(arguments: ["x 5\n", "\(String(repeating: "0", count: 62)) 5\n", "00", "\n\n1 2 3\n"])
    func `a damaged list of former keys is refused`(text: String) throws {
        try Self.inFolder { path in
            _ = try ReceiptKeyFile.open(path)
            try text.write(toFile: path + ".retired", atomically: true, encoding: .utf8)
            #expect(throws: Self.damaged(path)) { try ReceiptKeyFile.read(path) }
            #expect(throws: Self.damaged(path)) {
                try ReceiptKeyFile.rotate(path, now: Timestamp(microseconds: 0))
            }
        }
    }
}
