internal import DurableFile
public import Storage
internal import Synchronization
public import TelehealthEngine
internal import TelehealthModel

/// The store on SQLite: one file, one writer thread, readers on their callers' threads.
///
/// A write is a value (``TelehealthRules/Decision``) in a bounded queue. The writer takes the whole queue as
/// one transaction, each decision with its expectations checked and a savepoint of its own, and answers after
/// COMMIT, which returns when the WAL is on the device (`synchronous=FULL`). A failed COMMIT answers nobody
/// "committed": a full disk gives ``TelehealthModel/StoreError/full`` and may recover; any other failure of
/// the device ends writing for good, since after a failed fsync nobody knows what the device holds.
///
/// Only the writer's connection writes and checkpoints. Besides being simple, that avoids the WAL-reset bug
/// of SQLite 3.7.0 to 3.51.2, which needs a second connection that does either.
///
/// Isolation: any. Reads run inline: microseconds, from memory for sessions, consents, appointments and
/// documents.
public final class SQLiteStore: TelehealthStore {
    static let databaseName = "telehealth.db"
    /// Behind the data directory's name: the folder beside it for the audit log's keys and heads.
    public static let auditFolderSuffix = ".audit"

    let readers: ReaderPool
    let caches: StoreCaches
    let writer: Writer
    let path: String
    let backupDirectory: String
    let configuration: StoreConfiguration
    let sealer: Sealer
    /// What was found missing when the store opened, each told to ``StoreConfiguration/onCondition`` too.
    public let damageAtOpening: [StoreDamage]

    private init(
        path: String, readers: ReaderPool, caches: StoreCaches, writer: Writer, sealer: Sealer,
        configuration: StoreConfiguration, damage: [StoreDamage]
    ) {
        damageAtOpening = damage
        self.path = path
        self.readers = readers
        self.caches = caches
        self.writer = writer
        self.sealer = sealer
        self.configuration = configuration
        backupDirectory =
            configuration.backupDirectory ?? "\(Folder.parent(of: path))/backups"
    }

    deinit { writer.queue.close(nil) }

    /// Opens the database in `directory`, making both when they are not there, and brings its schema up to
    /// date.
    ///
    /// Blocks on the disk: for the start of a program, not for a call.
    public static func open(
        directory: String, configuration: StoreConfiguration = .init()
    ) throws(StoreOpenFailure) -> SQLiteStore {
        let lock = try DirectoryLock(directory: directory)
        let path = "\(directory)/\(databaseName)"
        let caches = StoreCaches(configuration)
        let ring: KeyRing
        do throws(KeyRingError) {
            if let given = configuration.keyRing {
                ring = given
            } else {
                ring = try KeyRingFile(besideDirectory: directory).readOrMake()
            }
        } catch {
            throw .keyRing(error)
        }
        let sealer = Sealer(ring)
        let keyFile = configuration.auditKeyFile ?? "\(directory)\(auditFolderSuffix)/chain.key"
        var damage: [StoreDamage] = []
        let writer = try Writer.open(
            path: path, auditKeyFile: keyFile, lock: lock, caches: caches, ring: ring, sealer: sealer,
            configuration: configuration
        ) { damage.append($0) }
        for damage in damage { configuration.onCondition(.damaged(damage)) }
        let store = SQLiteStore(
            path: path, readers: ReaderPool(path: path, configuration: configuration, sealer: sealer),
            caches: caches, writer: writer, sealer: sealer, configuration: configuration, damage: damage)
        guard WorkerThread.start(name: "store-writer", body: { writer.run() }) else {
            throw .threadRefused
        }
        BackupLeftovers.remove(from: store.backupDirectory)
        return store
    }

    /// Refuses new work, finishes what is queued, checkpoints, and gives the directory free.
    public func close() async {
        readers.close()
        await withCheckedContinuation { done in
            if !writer.queue.close(done) { done.resume() }
        }
    }

    public var statistics: StoreStatistics {
        var statistics = writer.statistics.withLock { $0 }
        (statistics.queuedWrites, statistics.writesRefused) = writer.queue.counts
        let sessions = caches.sessions.counts
        statistics.cachedSessions = sessions.entries
        for counts in [
            sessions, caches.consents.counts, caches.appointments.counts, caches.documents.counts,
        ] {
            statistics.cacheHits += counts.hits
            statistics.cacheMisses += counts.misses
        }
        return statistics
    }

    /// Holds every row that says who may see a visit against its MAC, on a thread of its own. Cancelling the task ends
    /// it.
    func forgedRows(_ watch: CheckWatch) async throws(StoreError) -> ForgedRowCheck.Result {
        let (path, configuration, sealer) = (path, configuration, sealer)
        return try await checking(watch) { watch in
            do throws(SQLiteError) {
                let connection = try SQLiteConnection(path: path, access: .readOnly, vfs: configuration.vfs)
                return .success(
                    try watch.following(connection) { () throws(SQLiteError) in
                        try ForgedRowCheck.run(connection, sealer, watch)
                    })
            } catch {
                return .failure(StoreError(error))
            }
        }
    }

    func checking<Value: Sendable>(
        _ watch: CheckWatch, _ look: @escaping @Sendable (CheckWatch) -> Result<Value, StoreError>
    ) async throws(StoreError) -> Value {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (done: CheckedContinuation<Result<Value, StoreError>, Never>) in
                let started = WorkerThread.start(name: "store-check", givesWay: true) {
                    done.resume(returning: look(watch))
                }
                if !started { done.resume(returning: .failure(.overloaded)) }
            }
        } onCancel: {
            watch.stop()
        }
        return try result.get()
    }
}
