public import AuditChain
internal import DurableFile
internal import Glibc
internal import Synchronization
public import TelehealthEngine
public import TelehealthModel
internal import TextFormats

/// Signed heads of the audit log in an append-only file, one line of JSON each, synced as they are written.
///
/// The directory holds `audit-heads.jsonl` and `audit-heads.pub`, the public key in hexadecimal. Who wants more than
/// this machine's word ships both elsewhere, or mounts the directory from elsewhere. A line that is half written
/// when the power goes is taken away at the next opening: nobody learned of its head. Any other line that is not a head
/// is reported as damaged.
public final class AuditHeadArchive: AuditHeadStore {
    package static let fileName = "audit-heads.jsonl"
    package static let publicKeyName = "audit-heads.pub"
    private static let publicKeyBytesMax = 256

    private let directory: String
    private let signer: AuditHeadSigner
    private let trail: any AuditTrail
    private let time: any TimeSource
    /// Also what makes heads follow each other in the file.
    private let newestKept: Mutex<AuditHead?>

    private init(
        directory: String, signer: AuditHeadSigner, trail: any AuditTrail, time: any TimeSource,
        newest: AuditHead?
    ) {
        self.directory = directory
        self.signer = signer
        self.trail = trail
        self.time = time
        newestKept = Mutex(newest)
    }

    /// Makes directory, key (mode 0600) and files where they are not there.
    public static func open(
        directory: String, keyFile: String, trail: any AuditTrail, time: any TimeSource
    ) throws(StoreOpenFailure) -> AuditHeadArchive {
        do throws(FileFailure) {
            try Folder.makeAll(directory)
            let secret = try SecretFile.readOrMake(keyFile, fresh: AuditHeadSigner.randomBytes)
            guard let signer = AuditHeadSigner(secret) else {
                throw FileFailure(keyFile, .malformed("a key of 64 hexadecimal digits"))
            }
            let kept = try makeFiles(directory, publicKey: Hex.encode(signer.publicKey.bytes) + "\n")
            return AuditHeadArchive(
                directory: directory, signer: signer, trail: trail, time: time, newest: kept.heads.last)
        } catch {
            throw .file(error)
        }
    }

    /// What is there and as it should be is left alone: a start then waits for no disk.
    ///
    /// - Returns: the heads kept so far.
    private static func makeFiles(
        _ directory: String, publicKey: String
    ) throws(FileFailure) -> HeadLines.Content {
        let (path, keyPath) = ("\(directory)/\(fileName)", "\(directory)/\(publicKeyName)")
        if try !SmallFile.create(path, [], .open) { try endTornLine(path) }
        let key = Array(publicKey.utf8)
        if try SmallFile.readIfThere(keyPath, bytesMax: publicKeyBytesMax, .open) != key {
            try SmallFile.replace(keyPath, key, .open)
        }
        return try HeadLines.read(path) ?? .init()
    }

    /// Where the file may only grow (`chattr +a`), the line is ended instead, and stays reported as damaged.
    private static func endTornLine(_ path: String) throws(FileFailure) {
        do throws(FileFailure) {
            try SmallFile.dropTornLine(of: path, bytesMax: HeadLines.fileBytesMax)
        } catch {
            guard error.code == EPERM else { throw error }
            try SmallFile.append(line: "", to: path)
        }
    }

    /// The file and the public key of a directory, for a check without the service.
    public static func kept(
        in directory: String
    ) throws(StoreOpenFailure) -> (heads: [AuditHead], damagedLines: [Int], key: AuditHeadKey)? {
        do throws(FileFailure) {
            let keyPath = "\(directory)/\(publicKeyName)"
            guard let content = try HeadLines.read("\(directory)/\(fileName)"),
                let text = try SmallFile.readIfThere(keyPath, bytesMax: publicKeyBytesMax, .open),
                let key = Hex.decode(String(decoding: text, as: UTF8.self).prefix { $0 != "\n" })
                    .flatMap(AuditHeadKey.init)
            else { return nil }
            return (content.heads, content.damagedLines, key)
        } catch {
            throw .file(error)
        }
    }

    public var headKey: AuditHeadKey { signer.publicKey }

    /// The newest one kept, by this process or an earlier one.
    public var newest: AuditHead? { newestKept.withLock { $0 } }

    public func heads() throws(StoreError) -> [AuditHead] { try content().heads }

    public func damagedLines() throws(StoreError) -> [Int] { try content().damagedLines }

    private func content() throws(StoreError) -> HeadLines.Content {
        do throws(FileFailure) {
            return try HeadLines.read("\(directory)/\(Self.fileName)") ?? .init()
        } catch {
            throw error.asStoreError
        }
    }

    public func keepHead() throws(StoreError) -> AuditHead {
        try newestKept.withLock { (newestKept) throws(StoreError) in
            let end = trail.auditEnd
            if let newest = newestKept, newest.size == end.number, newest.mac == end.mac,
                newest.root == end.tree.root
            {
                return newest
            }
            guard let head = signer.sign(end, at: time.now) else {
                throw .failed(code: ENOMEM, operation: "sign audit head")
            }
            do throws(FileFailure) {
                try SmallFile.append(line: head.line, to: "\(directory)/\(Self.fileName)")
            } catch {
                throw error.asStoreError
            }
            newestKept = head
            return head
        }
    }
}

extension FileFailure {
    fileprivate var asStoreError: StoreError {
        code == ENOSPC ? .full : .failed(code: code, operation: "audit heads")
    }
}
