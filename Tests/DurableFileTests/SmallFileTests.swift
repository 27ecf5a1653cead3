import DurableFile
import Foundation
import Testing

@Suite("A small file") struct SmallFileTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "durable-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    // Untyped throws, which #expect can take apart.
    private func read(_ path: String, _ secrecy: SmallFile.Secrecy = .secret, bytesMax: Int = 10) throws -> [UInt8]? {
        try SmallFile.readIfThere(path, bytesMax: bytesMax, secrecy)
    }

    private func make(_ path: String, _ bytes: [UInt8]) throws -> Bool { try SmallFile.create(path, bytes, .secret) }

    private func dropsTornLine(_ path: String) throws -> Bool { try SmallFile.dropTornLine(of: path, bytesMax: 100) }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func `is made once, for its owner alone, and read back`() throws {
        try inFolder { folder in
            let path = folder + "/key"
            let before = try read(path)
            #expect(before == nil)
            #expect(throws: FileFailure(path, .missing)) { try SmallFile.read(path, bytesMax: 10, .secret) }
            let isNew = [try make(path, [1, 2]), try make(path, [3])]
            #expect(isNew == [true, false], "the first content stays")
            #expect(try read(path) == [1, 2])
            #expect(try mode(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["key"], "no draft stays")
        }
    }

    @Test func `is replaced whole, also over a draft that a crash left behind`() throws {
        try inFolder { folder in
            let path = folder + "/ring"
            try Data("left over".utf8).write(to: URL(filePath: path + ".new"))
            try SmallFile.replace(path, [1], .secret)
            try SmallFile.replace(path, [2], .secret)
            #expect(try read(path, bytesMax: 1) == [2])
            #expect(try mode(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["ring"])
            try Data("left over".utf8).write(to: URL(filePath: folder + "/key.new"))
            #expect(try make(folder + "/key", [3]))
        }
    }

    @Test func `a draft that is a link to somewhere else is not followed`() throws {
        try inFolder { folder in
            try Data("mine".utf8).write(to: URL(filePath: folder + "/other"))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/key.new", withDestinationPath: folder + "/other")
            try SmallFile.create(folder + "/key", [1], .secret)
            #expect(FileManager.default.contents(atPath: folder + "/other") == Data("mine".utf8))
        }
    }

    @Test func `of many creators at once one wins, and all read the same`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "durable-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/key"
        let read = try await withThrowingTaskGroup(of: (Bool, [UInt8]).self) { group in
            for creator in UInt8(1)...16 {
                group.addTask {
                    let won = try SmallFile.create(path, [UInt8](repeating: creator, count: 64), .secret)
                    return (won, try SmallFile.read(path, bytesMax: 64, .secret))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(read.count { $0.0 } == 1)
        #expect(Set(read.map(\.1)).count == 1 && read[0].1.count == 64)
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o644])
    func `a secret that others may read is refused, with what to do`(mode: Int) throws {
        try inFolder { folder in
            let path = folder + "/key"
            try SmallFile.create(path, [1], .secret)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let failure = FileFailure(path, .openToOthers(mode: UInt32(mode)))
            #expect(throws: failure) { try SmallFile.read(path, bytesMax: 10, .secret) }
            #expect(failure.description.contains(path) && failure.description.contains("chmod 600"))
            #expect(try read(path, .open) == [1])
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `a secret of somebody else is refused; a replaced file keeps its owner`()
        throws
    {
        try inFolder { folder in
            let path = folder + "/key"
            try SmallFile.create(path, [1], .secret)
            try FileManager.default.setAttributes([.ownerAccountID: 12_345], ofItemAtPath: path)
            #expect(throws: FileFailure(path, .foreignOwner(user: 12_345))) {
                try SmallFile.read(path, bytesMax: 10, .secret)
            }
            try SmallFile.replace(path, [2], .secret)
            let owner = try FileManager.default.attributesOfItem(atPath: path)[.ownerAccountID] as? Int
            #expect(owner == 12_345, "root's command must not lock the service out")
        }
    }

    @Test func `what is not a regular file, or too long, is refused without waiting`() throws {
        try inFolder { folder in
            let pipe = folder + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            #expect(throws: FileFailure(pipe, .notRegular)) { try SmallFile.read(pipe, bytesMax: 10, .secret) }
            #expect(throws: FileFailure(folder, .notRegular)) { try SmallFile.read(folder, bytesMax: 10, .open) }
            let long = folder + "/long"
            try SmallFile.create(long, [UInt8](repeating: 0, count: 11), .open)
            #expect(throws: FileFailure(long, .tooLong(limit: 10))) { try SmallFile.read(long, bytesMax: 10, .open) }
            #expect(try read(long, .open, bytesMax: 11)?.count == 11)
        }
    }

    @Test func `lines are added at the end, and one that was cut is taken away`() throws {
        try inFolder { folder in
            let path = folder + "/lines"
            #expect(throws: FileFailure(path, .missing)) { try SmallFile.append(line: "a", to: path) }
            try SmallFile.create(path, [], .open)
            try SmallFile.append(line: "a", to: path)
            #expect(try !dropsTornLine(path))
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("half".utf8))
            try handle.close()
            #expect(try dropsTornLine(path))
            try SmallFile.append(line: "b", to: path)
            #expect(FileManager.default.contents(atPath: path) == Data("a\nb\n".utf8))
        }
    }

    @Test func `every failure names the file`() throws {
        let path = "/proc/self/nothing/key"
        for problem: FileFailure.Problem in [
            .missing, .notRegular, .openToOthers(mode: 0o644), .foreignOwner(user: 7), .tooLong(limit: 1),
            .malformed("a key"), .system(code: EACCES, operation: "open"),
        ] {
            #expect(FileFailure(path, problem).description.contains(path))
        }
        #expect(throws: FileFailure.self) { try SmallFile.create(path, [1], .secret) }
    }
}

@Suite("A large file") struct LargeFileTests {
    @Test func `gets its name when it is complete, and never that of another file`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "durable-\(UUID().uuidString)").path
        try Folder.makeAll(folder + "/a/b")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (draft, path) = (folder + "/a/b/copy.partial", folder + "/a/b/copy")
        try LargeFile.begin(draft)
        try LargeFile.begin(draft)
        try LargeFile.finish(draft, as: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/a/b") == ["copy"])
        try LargeFile.begin(draft)
        #expect(throws: FileFailure(path, .system(code: EEXIST, operation: "link"))) {
            try LargeFile.finish(draft, as: path)
        }
    }
}

@Suite("A folder") struct FolderTests {
    @Test(arguments: [("/a/b", "/a"), ("/a/b/", "/a"), ("/a", "/"), ("a", "."), ("a/b", "a"), ("/", "/")])
    func `has a parent`(path: String, parent: String) { #expect(Folder.parent(of: path) == parent) }

    @Test func `a lock is one process's until it is let go`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "lock-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func lock() throws -> FileLock? { try FileLock(path, waits: false) }
        var held = try lock()
        #expect(held != nil)
        #expect(try lock() == nil)
        held = nil
        #expect(try lock() != nil)
    }
}
