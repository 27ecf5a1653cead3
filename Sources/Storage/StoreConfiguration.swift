public import TelehealthEngine

/// The store's limits, each with a default that suits one clinic on one machine.
public struct StoreConfiguration: Sendable {
    /// Writes that may wait for the writer; more are refused as ``TelehealthModel/StoreError/overloaded``. At
    /// about 40 us each the default is a third of a second of work: who waits longer has given up.
    public let queuedWritesMax = 8_192
    /// Of those, entries for the audit log alone (reads and denials): never so many that no change gets in.
    public let queuedAuditEntriesMax = 6_144
    /// Denials that wait for their window's end to be summed; more are refused as overloaded.
    public let heldDenialsMax = 8_192
    /// How long denials of one identity are summed up into one row.
    public var denialWindow: Duration = .seconds(1)
    /// File of the key that the audit log is chained with, made at the first opening (mode 0600); nil = beside
    /// the data directory, never in it: who gets at the database alone cannot write a log that fits.
    public var auditKeyFile: String?
    /// Read-only connections, opened as they are needed. Reads never suspend, so there are at most as many at
    /// once as threads that read.
    public var readersMax = 16
    /// Session aggregates kept decoded in memory, about 5 KiB each.
    public var cachedSessionsMax = 8_192
    /// Consent histories kept decoded in memory, about 2 KiB each.
    public var cachedConsentHistoriesMax = 4_096
    public var cachedAppointmentsMax = 4_096
    /// Types of consents whose texts are kept decoded in memory; every judgement looks at all of them.
    public let cachedConsentTypesMax = 64
    /// The longest a read may hold its snapshot; longer ones are interrupted.
    public var readDuration: Duration = .milliseconds(100)
    /// WAL pages (4 KiB each) from which on the writer checkpoints between two batches: seldom enough that a
    /// page changed by many batches is written to the database once.
    public var checkpointPages = 4_000
    /// WAL pages from which on it checkpoints when nothing came for 5 ms.
    public var idleCheckpointPages = 200
    /// Share of the device, in percent, below which free space raises the alarm; 0 for none.
    public var spaceAlarmPercent = 10
    /// WAL pages that raise the alarm; each one costs every reader a look-up.
    public var walAlarmPages = 16_384
    /// With what personal columns are sealed; nil = the ring in the file beside the data directory, made when absent.
    public var keyRing: KeyRing?
    /// Where ``SQLiteStore/backUp(fileName:progress:)`` puts its files; nil = "backups" in the store's directory.
    /// Another device is better: then a copy survives the first.
    public var backupDirectory: String?
    /// Called when the store's condition changes, on the writer's thread or a reader's; returns at once.
    public var onCondition: @Sendable (StoreCondition) -> Void = { _ in }

    /// How often the audit log's mark is written while rows are: what it does not cover yet.
    package var markInterval: Duration = .seconds(1)
    /// SQLite's operating system layer. "unix-excl" takes the file for this process alone and keeps the WAL's
    /// index and locks in memory: no program can checkpoint behind our back, and a read costs no system call
    /// for locks.
    package var vfs = "unix-excl"
    /// False only in the test that shows that without it acknowledged work is lost.
    package var isSynchronous = true

    public init() {}
}

/// A change of the store's condition, for health and alarms.
public enum StoreCondition: Sendable, Hashable {
    /// Something that was on the device is missing; told when the store opens, which it does all the same.
    case damaged(StoreDamage)
    /// The device failed; every write is refused until the process starts again.
    case readOnly(code: Int32, operation: String)
    /// A read met a row that is damaged, told at most once a minute of each kind of read; `operation` says which.
    case damagedRow(operation: String)
    /// A write met a full disk.
    case full
    /// There is room again, and writes succeed.
    case recovered
    /// Less than ``StoreConfiguration/spaceAlarmPercent`` of the device is left.
    case spaceLow(StoreSpace)
    case spaceEnough(StoreSpace)
    /// The WAL grew over its alarm limit: something holds a snapshot, or checkpoints do not succeed.
    case walOverLimit(pages: Int)
    case walUnderLimit(pages: Int)
}
