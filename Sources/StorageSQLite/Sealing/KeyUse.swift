internal import Crypto
internal import Storage

/// The database's own note of the keys that its rows may be sealed with, so that a foreign ring is refused at the start
/// and not at the first row.
enum KeyUse {
    /// Stands for texts that were there before there was a ring.
    static let clearTexts: Int64 = -1
    private static let indexSecret: Int64 = 0

    private static let all = PreparedSQL("sealing_keys.read", "SELECT id, fingerprint FROM sealing_keys")
    private static let table = PreparedSQL(
        "sealing_keys.exists", "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sealing_keys'")
    private static let insert = PreparedSQL(
        "sealing_keys.insert",
        "INSERT INTO sealing_keys (id, fingerprint) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING")
    private static let deleteOthers = PreparedSQL(
        "sealing_keys.delete", "DELETE FROM sealing_keys WHERE id NOT IN (\(indexSecret), ?1)")

    /// Holds the ring against what the database knows, and notes its current key.
    static func settle(_ ring: KeyRing, _ connection: SQLiteConnection) throws(StoreOpenFailure) {
        for (id, fingerprint) in try known(connection) where id != clearTexts {
            let secret = id == indexSecret ? ring.indexSecret : ring.keys.first { $0.id == id }?.secret
            guard let secret, Sealer.fingerprint(secret) == fingerprint else {
                throw .keyRing(.foreign(keyID: UInt32(truncatingIfNeeded: id)))
            }
        }
        do throws(SQLiteError) {
            try connection.run(Transaction.beginWriting)
            try note(indexSecret, ring.indexSecret, connection)
            try note(ring, connection)
            try connection.run(Transaction.commit)
        } catch {
            throw .database(reason: error.description)
        }
    }

    /// Whether people's ids in this database are tokens at all.
    static func holdsTokens(_ connection: SQLiteConnection) throws(StoreOpenFailure) -> Bool {
        do throws(SQLiteError) {
            guard try connection.first(table, read: { $0.integer() }) != nil else { return false }
        } catch {
            throw .database(reason: error.description)
        }
        return try known(connection).contains { $0.id == indexSecret }
    }

    /// Holds the ring against a copy of which only ids are read: keys removed since do not matter.
    static func checkIndex(of ring: KeyRing, _ connection: SQLiteConnection) throws(StoreOpenFailure) {
        for (id, fingerprint) in try known(connection) where id == indexSecret {
            guard Sealer.fingerprint(ring.indexSecret) == fingerprint else { throw .keyRing(.foreign(keyID: 0)) }
        }
    }

    private static func known(_ connection: SQLiteConnection) throws(StoreOpenFailure) -> [(
        id: Int64, fingerprint: [UInt8]
    )] {
        do throws(SQLiteError) { return try read(connection) } catch { throw .database(reason: error.description) }
    }

    /// Notes that rows may be sealed with the ring's current key from now on.
    static func note(_ ring: KeyRing, _ connection: SQLiteConnection) throws(SQLiteError) {
        guard let key = ring.keys.first(where: { $0.id == ring.currentID }) else { return }
        try note(Int64(key.id), key.secret, connection)
    }

    private static func note(_ id: Int64, _ secret: SymmetricKey, _ connection: SQLiteConnection)
        throws(SQLiteError)
    {
        try connection.run(insert) { values in
            values.add(id)
            values.add(Sealer.fingerprint(secret))
        }
    }

    /// Whether some row may not be sealed with `current`.
    static func isMixed(_ current: UInt32, _ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        try read(connection).contains { $0.id != indexSecret && $0.id != Int64(current) }
    }

    /// Every row is sealed with `current`.
    static func forgetOthers(_ current: UInt32, _ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.run(deleteOthers) { $0.add(Int64(current)) }
    }

    private static func read(_ connection: SQLiteConnection) throws(SQLiteError) -> [(
        id: Int64, fingerprint: [UInt8]
    )] {
        try connection.all(all) { row in (row.integer(), row.bytes()) }
    }
}
