/// The words around transactions.
enum Transaction {
    static let begin = PreparedSQL("begin", "BEGIN")
    static let beginWriting = PreparedSQL("begin", "BEGIN IMMEDIATE")
    static let commit = PreparedSQL("commit", "COMMIT")
    static let rollBack = PreparedSQL("rollback", "ROLLBACK")

    /// Writes one page and changes nothing that anybody reads.
    static let tryWriting = PreparedSQL("space.try", "PRAGMA user_version = 1")

    static let savepoint = PreparedSQL("savepoint", "SAVEPOINT decision")
    static let release = PreparedSQL("release", "RELEASE SAVEPOINT decision")
    static let rollBackToSavepoint = PreparedSQL("rollback to", "ROLLBACK TO SAVEPOINT decision")
}
