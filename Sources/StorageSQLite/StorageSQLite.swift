// The store on SQLite: one writer with group commit, read-only readers, sealed values, the audit log and backups.
