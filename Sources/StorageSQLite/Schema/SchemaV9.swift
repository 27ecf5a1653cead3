/// Fewer index entries for each audit row.
///
/// Each index that is in another order than the log costs a commit about one page a row, and the page is written twice:
/// into the WAL, then into the file. Most rows are of people who act on their own data, which stood under both subject
/// and person; and only consents are looked up by their row. So every row has one entry here, rows about somebody else
/// two, and a consent's own row one more.
enum SchemaV9 {
    /// Terms of the indexes below, which a query has to repeat to be answered by them.
    static let isOwn = "person IS subject"
    static let isOfOthers = "person IS NOT subject"
    static let grantsConsent = "action IN ('SubmitConsent', 'UpdateConsent')"

    static let statements = [
        "DROP INDEX audit_by_subject", "DROP INDEX audit_by_person", "DROP INDEX audit_by_target",
        "CREATE INDEX audit_own ON audit (subject, at) WHERE \(isOwn)",
        "CREATE INDEX audit_of_others_by_subject ON audit (subject, at) WHERE \(isOfOthers)",
        "CREATE INDEX audit_of_others_by_person ON audit (person, at) WHERE \(isOfOthers) AND person IS NOT NULL",
        "CREATE INDEX audit_of_consent ON audit (target) WHERE \(grantsConsent)",
    ]
}
