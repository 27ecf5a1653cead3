internal import CSQLite

/// The library's process-wide settings.
enum SQLiteLibrary {
    private static let configured: Void = {
        // Memory accounting takes a global mutex on every allocation. Refused (harmlessly) when the library
        // runs already.
        _ = telehealth_sqlite3_config_memstatus(0)
        sqlite3_initialize()
    }()

    static func configureOnce() { configured }
}
