internal import Glibc
internal import Synchronization
public import TelehealthCore

/// Signed heads of the audit log in an append-only file, one line of JSON each, synced as they are written.
///
/// The directory holds `audit-heads.jsonl` and `audit-heads.pub`, the public key in hexadecimal. Who wants more than
/// this machine's word ships both elsewhere, or mounts the directory from elsewhere. A line that is half written
/// when the power goes is left as it is; the next one begins a new line.
public final class AuditHeadArchive: AuditWitness {
    static let fileName = "audit-heads.jsonl"
    static let publicKeyName = "audit-heads.pub"

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
        try DurableDirectory.makeAll(directory)
        var secret = try SecretFile.read(keyFile)
        if secret == nil {
            secret = try SecretFile.create(keyFile, bytes: AuditHeadSigner.randomBytes())
        }
        guard let signer = secret.flatMap(AuditHeadSigner.init) else {
            throw .keyFile(path: keyFile, problem: .malformed)
        }
        let kept = try makeFiles(directory, publicKey: HexText.encode(signer.publicKey.bytes) + "\n")
        return AuditHeadArchive(
            directory: directory, signer: signer, trail: trail, time: time, newest: kept.last)
    }

    /// What is there and as it should be is left alone: a start then waits for no disk.
    ///
    /// - Returns: the heads kept so far.
    private static func makeFiles(
        _ directory: String, publicKey: String
    ) throws(StoreOpenFailure) -> [AuditHead] {
        let (path, keyPath) = ("\(directory)/\(fileName)", "\(directory)/\(publicKeyName)")
        let text = try HeadLines.text(path)
        let isCut = text?.utf8.last.map { $0 != UInt8(ascii: "\n") } ?? false
        // A line cut by a power failure is ended, so that the next head stands on a line of its own.
        if text == nil || isCut { try HeadLines.append("", to: path, startingNewLine: isCut) }
        let hasKey = try HeadLines.text(keyPath) == publicKey
        if !hasKey { try HeadLines.replace(keyPath, publicKey) }
        if text == nil || !hasKey { try DurableDirectory.sync(directory) }
        return text.map(HeadLines.heads) ?? []
    }

    /// The file and the public key of a directory, for a check without the service.
    public static func kept(
        in directory: String
    ) throws(StoreOpenFailure) -> (heads: [AuditHead], key: AuditHeadKey)? {
        guard let heads = try HeadLines.read("\(directory)/\(fileName)"),
            let text = try HeadLines.text("\(directory)/\(publicKeyName)"),
            let key = HexText.decode(text.prefix { $0 != "\n" }).flatMap(AuditHeadKey.init)
        else { return nil }
        return (heads, key)
    }

    public var headKey: AuditHeadKey { signer.publicKey }

    /// The newest one kept, by this process or an earlier one.
    public var newest: AuditHead? { newestKept.withLock { $0 } }

    public func heads() throws(StoreError) -> [AuditHead] {
        do throws(StoreOpenFailure) {
            return try HeadLines.read("\(directory)/\(Self.fileName)") ?? []
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
            do throws(StoreOpenFailure) {
                try HeadLines.append(
                    head.line + "\n", to: "\(directory)/\(Self.fileName)", startingNewLine: false)
            } catch {
                throw error.asStoreError
            }
            newestKept = head
            return head
        }
    }
}

extension StoreOpenFailure {
    fileprivate var asStoreError: StoreError {
        switch self {
        case .system(ENOSPC, _): .full
        case .system(let code, _): .failed(code: code, operation: "audit heads")
        case .inUse, .newerSchema, .database, .keyFile, .auditKeyDoesNotFit, .keyRing:
            .failed(code: EIO, operation: "audit heads")
        }
    }
}
