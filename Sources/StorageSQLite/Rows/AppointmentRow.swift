internal import Storage
internal import TelehealthModel

enum AppointmentRow {
    static let table = Table(
        "appointments", key: ["id"],
        columns: [
            "client_id", "guardian_id", "clinician_id", "starts_at", "ends_at", "time_zone", "status",
            "source_version", "version", "created_at", "updated_at", "created_by", "last_modified_by",
            "adult_guardian", MACTable.column,
        ])
    static let upsert = PreparedSQL("appointments.upsert", table.upsertText())
    static let byID = PreparedSQL("appointments.read", table.selectText("WHERE id = ?1"))
    static let bookedOfClient = PreparedSQL(
        "appointments.booked of client",
        table.selectText("WHERE client_id = ?1 AND ends_at > ?2 AND \(SchemaV10.isBooked)"))
    static let version = PreparedSQL("appointments.version", "SELECT version FROM appointments WHERE id = ?1")

    static func bind(_ row: Appointment, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.clientID)
        values.add(row.guardianID)
        values.add(row.clinicianID)
        values.add(row.startsAt)
        values.add(row.endsAt)
        values.add(row.timeZone)
        values.add(row.status)
        values.add(row.sourceVersion)
        values.add(row.version)
        values.add(row.createdAt)
        values.add(row.updatedAt)
        values.add(subject: row.createdBy)
        values.add(subject: row.lastModifiedBy)
        values.add(row.guardsAdult)
        values.add(macOf: .appointments, bound(row))
    }

    private static func bound(_ row: Appointment) -> [String?] {
        [
            row.id.rawValue, row.clientID.rawValue, row.guardianID?.rawValue, row.clinicianID.rawValue,
            row.status.rawValue,
        ]
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Appointment {
        var appointment = Appointment(
            id: row.identifier(), clientID: row.identifier(), guardianID: row.optionalIdentifier(),
            clinicianID: row.identifier(), startsAt: row.instant(), endsAt: row.instant(),
            timeZone: row.text(),
            status: try row.choice(), sourceVersion: row.integer(), version: row.integer(),
            createdAt: row.instant(), updatedAt: row.instant(), createdBy: row.subject(),
            lastModifiedBy: row.subject())
        appointment.guardsAdult = row.flag()
        row.checkMAC(.appointments, bound(appointment))
        return appointment
    }
}
