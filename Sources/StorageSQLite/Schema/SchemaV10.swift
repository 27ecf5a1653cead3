/// Guardians of adults: whose powers do not end when the client comes of age.
///
/// A row from before that names a guardian for somebody who is of age by now meant that: it keeps the guardian. Of age
/// is 18 here, the age of the places that come with the program; a place may say more, for which no such row was made.
enum SchemaV10 {
    /// Terms of the index below, which a query has to repeat to be answered by it.
    static let isBooked = "status = 'scheduled'"

    static let statements =
        ["appointments", "sessions"].flatMap { table in
            [
                "ALTER TABLE \(table) ADD COLUMN adult_guardian INTEGER NOT NULL DEFAULT 0",
                """
                UPDATE \(table) SET adult_guardian = 1 WHERE guardian_id IS NOT NULL AND EXISTS \
                (SELECT 1 FROM consent_versions WHERE subject_id = \(table).client_id AND born_on IS NOT NULL \
                AND date(\(BirthDateFunction.name)(subject_id, born_on), '+18 years') <= date('now'))
                """,
            ]
        } + ["CREATE INDEX appointments_booked ON appointments (client_id, ends_at) WHERE \(isBooked)"]
}
