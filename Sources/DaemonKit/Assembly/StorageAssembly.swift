internal import DurableFile
internal import Storage
internal import StorageSQLite

/// The database, locked for this process, and the heads of its audit log, which are stored outside it.
struct StorageAssembly {
    let ring: KeyRing
    let store: SQLiteStore
    let heads: AuditHeadKeeper

    /// - Throws: ``StartFailure`` for a file that cannot be read or created, and for a database that another process
    ///   has open, that a newer version wrote, or that was sealed with other keys.
    static func open(
        _ configuration: DaemonConfiguration, time: SystemTime, alarms: Alarms
    ) async throws -> StorageAssembly {
        let ring = try StartFailure.naming("key ring \(configuration.keyRing.path) (--key-ring-file)") {
            try configuration.isLocal ? configuration.keyRing.readOrMake() : configuration.keyRing.read()
        }
        let store = try StartFailure.naming("data folder \(configuration.dataDirectory) (--data-dir)") {
            try openStore(configuration, ring, alarms)
        }
        let audit = configuration.audit
        let heads = try StartFailure.naming(
            "heads of the audit log in \(audit.headsDirectory) (--audit-heads-directory), signed with \(audit.headKeyFile)"
                + " (--audit-head-key-file)"
        ) {
            try headKeeper(configuration, store: store, time: time, alarms: alarms)
        }
        try await heads.begin()
        return StorageAssembly(ring: ring, store: store, heads: heads)
    }

    func close() async {
        await heads.end()
        await store.close()
    }

    /// The database, locked for this process.
    private static func openStore(
        _ configuration: DaemonConfiguration, _ ring: KeyRing, _ alarms: Alarms
    ) throws -> SQLiteStore {
        try Folder.makeAll(configuration.dataDirectory)
        var storage = StoreConfiguration()
        storage.keyRing = ring
        storage.backupDirectory = configuration.backupDirectory
        storage.spaceAlarmPercent = configuration.spaceAlarm
        storage.onCondition = { alarms.store($0) }
        storage.auditKeyFile = configuration.audit.keyFile
        return try SQLiteStore.open(directory: configuration.dataDirectory, configuration: storage)
    }

    /// The part that signs and stores the audit log's heads.
    private static func headKeeper(
        _ configuration: DaemonConfiguration, store: SQLiteStore, time: SystemTime, alarms: Alarms
    ) throws -> AuditHeadKeeper {
        let audit = configuration.audit
        let archive = try AuditHeadArchive.open(
            directory: audit.headsDirectory, keyFile: audit.headKeyFile, trail: store.auditTrail, time: time)
        return AuditHeadKeeper(
            archive: archive, store: store, time: time, interval: audit.headInterval, rows: Int64(audit.headRows),
            alarms: alarms)
    }
}
