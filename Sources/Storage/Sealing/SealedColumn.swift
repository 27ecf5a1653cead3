/// A column whose texts are sealed: what the API's data classes call personal, as far as it is stored.
///
/// A new one needs three things: its constant here, its table's row in ``SealedTable/all``, and ``StatementBinder`` and
/// ``RowReader`` asked for it by that constant. What is forgotten, the marker test finds in the database file.
package struct SealedColumn: Sendable, Hashable {
    package let table: String
    package let name: String

    package static let locationState = SealedColumn(table: "participants", name: "check_location_state")
    package static let locationAddress = SealedColumn(table: "participants", name: "check_location_address")
    package static let contactName = SealedColumn(table: "participants", name: "check_contact_name")
    package static let contactPhone = SealedColumn(table: "participants", name: "check_contact_phone")
    package static let endNote = SealedColumn(table: "sessions", name: "end_note")
    package static let evidence = SealedColumn(table: "consents", name: "evidence")
    package static let revocationReason = SealedColumn(table: "consents", name: "revocation_reason")
    package static let evidenceItems = SealedColumn(table: "consents", name: "evidence_items")
    package static let bornOn = SealedColumn(table: "consent_versions", name: "born_on")
    package static let holdReason = SealedColumn(table: "recordings", name: "hold_reason")
    package static let emergencyReason = SealedColumn(table: "emergency_accesses", name: "reason")
}

/// The sealed columns of one table, and the key that a value is bound to.
package struct SealedTable: Sendable {
    package let name: String
    /// The primary key, all of ids; a value is bound to its values, joined by "/".
    package let key: [String]
    package let columns: [SealedColumn]
    /// The key is a person's id, which is stored as a token; a value is bound to the id.
    package var isOfPerson = false

    /// The text that a row's values are bound to.
    ///
    /// - Returns: nil when the key holds a token that does not open.
    package func context(_ key: [StoredValue], _ sealer: Sealer) -> String? {
        var parts: [String] = []
        for part in key {
            switch part {
            case .text(let text): parts.append(text)
            case .blob(let token):
                guard let id = sealer.identifiers.id(token) else { return nil }
                parts.append(id)
            case .null: return nil
            }
        }
        return parts.joined(separator: "/")
    }

    package static let all = [
        SealedTable(
            name: "participants", key: ["session_id", "id"],
            columns: [.locationState, .locationAddress, .contactName, .contactPhone]),
        SealedTable(name: "sessions", key: ["id"], columns: [.endNote]),
        SealedTable(name: "consents", key: ["id"], columns: [.evidence, .evidenceItems, .revocationReason]),
        SealedTable(name: "consent_versions", key: ["subject_id"], columns: [.bornOn], isOfPerson: true),
        SealedTable(name: "recordings", key: ["id"], columns: [.holdReason]),
        SealedTable(name: "emergency_accesses", key: ["id"], columns: [.emergencyReason]),
    ]
}
