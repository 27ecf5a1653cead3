// SQLite, for StorageSQLite alone.
#ifndef TELEHEALTH_CSQLITE_SHIM_H
#define TELEHEALTH_CSQLITE_SHIM_H

#include <sqlite3.h>
#include <stdint.h>

// SQLITE_TRANSIENT and SQLITE_STATIC are integers cast to function pointers, which Swift does not import.

/// SQLite copies the bytes before the call returns.
static inline int telehealth_sqlite3_bind_text_copy(sqlite3_stmt *s, int i, const char *t, uint64_t n) {
    return sqlite3_bind_text64(s, i, t, n, SQLITE_TRANSIENT, SQLITE_UTF8);
}
/// The caller keeps the bytes alive until the statement is reset, rebound or finalised.
static inline int telehealth_sqlite3_bind_text_static(sqlite3_stmt *s, int i, const char *t, uint64_t n) {
    return sqlite3_bind_text64(s, i, t, n, SQLITE_STATIC, SQLITE_UTF8);
}
static inline int telehealth_sqlite3_bind_blob_copy(sqlite3_stmt *s, int i, const void *b, uint64_t n) {
    return sqlite3_bind_blob64(s, i, b, n, SQLITE_TRANSIENT);
}
static inline int telehealth_sqlite3_bind_blob_static(sqlite3_stmt *s, int i, const void *b, uint64_t n) {
    return sqlite3_bind_blob64(s, i, b, n, SQLITE_STATIC);
}
static inline sqlite3_destructor_type telehealth_sqlite3_transient(void) { return SQLITE_TRANSIENT; }
static inline sqlite3_destructor_type telehealth_sqlite3_static(void) { return SQLITE_STATIC; }

// sqlite3_config and sqlite3_db_config are variadic.

static inline int telehealth_sqlite3_config_int(int option, int value) { return sqlite3_config(option, value); }
static inline int telehealth_sqlite3_config_multithread(void) { return sqlite3_config(SQLITE_CONFIG_MULTITHREAD); }
static inline int telehealth_sqlite3_config_serialized(void) { return sqlite3_config(SQLITE_CONFIG_SERIALIZED); }
static inline int telehealth_sqlite3_config_memstatus(int on) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, on); }
static inline int telehealth_sqlite3_config_log(void (*log)(void *, int, const char *), void *context) {
    return sqlite3_config(SQLITE_CONFIG_LOG, log, context);
}
/// `on`: 1 sets, 0 clears, -1 asks; `now` receives the resulting state.
static inline int telehealth_sqlite3_db_config_flag(sqlite3 *db, int option, int on, int *now) {
    return sqlite3_db_config(db, option, on, now);
}
static inline int telehealth_sqlite3_db_config_lookaside(sqlite3 *db, void *memory, int slot_bytes, int slots) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, memory, slot_bytes, slots);
}

#endif
