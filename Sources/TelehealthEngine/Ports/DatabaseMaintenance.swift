public import TelehealthModel

/// What the database did since this process opened it.
public struct DatabaseStatistics: Sendable, Hashable {
    public var commits = 0
    public var decisions = 0
    public var conflicts = 0
    public var commitMean = Duration.zero
    public var commitMax = Duration.zero
    public var queuedWrites = 0
    public var refusedWrites = 0
    public var walPages = 0

    public init() {}
}

/// Room on the database's device.
public struct StoreSpace: Sendable, Hashable {
    /// Bytes that the service may still use.
    public let free: Int64
    /// Bytes in all.
    public let size: Int64

    public init(free: Int64, size: Int64) {
        self.free = free
        self.size = size
    }
}

/// Whether the database takes changes.
public enum StoreState: Sendable, Hashable, CaseIterable {
    case writable
    /// A write met a full disk; it takes changes again by itself once there is room.
    case full
    /// Its device failed: it takes no changes until the next start.
    case readOnly
}

/// Effects that are not done, by how they stand.
public struct EffectCounts: Sendable, Hashable {
    public var pending: Int
    public var dead: Int
    /// Of the pending ones, those that AWS refuses to serve this account (``Effect/Refusal``).
    public var refused: Int

    public init(pending: Int = 0, dead: Int = 0, refused: Int = 0) {
        self.pending = pending
        self.dead = dead
        self.refused = refused
    }
}

/// Port: an operator's care for the database. Isolation: any.
public protocol DatabaseMaintenance: Sendable {
    var storeState: StoreState { get }
    /// nil when the operating system does not tell.
    var storeSpace: StoreSpace? { get }
    var databaseStatistics: DatabaseStatistics { get }

    /// Copies the database into a new file of the backup directory, to the end, whatever becomes of the task.
    ///
    /// - Returns: the file's length in bytes.
    /// - Throws: ``StoreError/overloaded`` while another backup runs, ``StoreError/failed(code:operation:)``
    ///   when the file exists or cannot be written.
    func backUp(fileName: String, progress: @escaping ProgressReport) async throws(StoreError) -> Int64
    /// The length of a backup's file in bytes; nil = it is not there.
    func backupSize(fileName: String) -> Int64?
    /// Ends early, with any error, when the task is cancelled.
    /// - Returns: what is wrong, one sentence each; empty = sound.
    func integrityCheck(progress: @escaping ProgressReport) async throws(StoreError) -> [String]
}
