package import TelehealthModel

/// Who acts and signs for a client: the one rule behind every place that asks.
///
/// | of what | whose word counts |
/// |---|---|
/// | a visit | the guardian whom the visit's own row names |
/// | all else of the client | the guardian of the booked appointments that are not over; if they differ, the last put |
///
/// A guardian's powers end when the client comes of age, at the place that judges, as far as the birth date is known
/// and the row does not say that the client has a guardian as an adult. What a guardian signed then counts no more,
/// and the guardian is a stranger to the client's visits, also to past ones. Whoever signed may always take that
/// signature back and read its receipt (``UseCases``).
package enum Guardianship {
    /// Somebody with a say for a client.
    package struct Signer: Sendable, Hashable {
        package let id: SubjectID
        /// The row that says so, as it was seen: what is signed stands only while it does.
        package let standing: Decision.Expectation

        package init(id: SubjectID, standing: Decision.Expectation) {
            self.id = id
            self.standing = standing
        }
    }

    /// The instant from which a guardian has no say any more; nil = none is known.
    package static func end(_ bornOn: CivilDate?, guardsAdult: Bool, at place: JurisdictionPolicy) -> Timestamp? {
        guard !guardsAdult, let bornOn else { return nil }
        return place.majority(of: bornOn)
    }

    /// Whether a guardian has a say now.
    package static func stands(_ bornOn: CivilDate?, guardsAdult: Bool, _ context: RuleContext) -> Bool {
        end(bornOn, guardsAdult: guardsAdult, at: context.place).map { context.now < $0 } ?? true
    }

    /// The row that says who signs for the client outside a visit; nil = nobody but the client.
    ///
    /// - Parameter rows: the client's booked appointments that are not over.
    package static func row(among rows: [Appointment], _ bornOn: CivilDate?, _ context: RuleContext) -> Appointment? {
        rows.filter { row in
            row.guardianID != nil && stands(bornOn, guardsAdult: row.guardsAdult, context)
        }.max { ($0.updatedAt, $0.id.rawValue) < ($1.updatedAt, $1.id.rawValue) }
    }
}
