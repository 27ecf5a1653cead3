internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension History {
    func revoke() async {
        let caller = anybody()
        guard let subject = caller.personID else { return }
        let current = (clinic.store.snapshot.histories[subject]?.records ?? [])
            .filter { $0.decision == .granted && $0.revokedAt == nil && $0.supersededBy == nil }
        guard !current.isEmpty else { return }
        let id = current[pick(current.count)].id
        let record = await attempt("revoke \(subject)") { () throws(TelehealthError) in
            try await life.useCases.consents.revoke(RevokeConsent(consentID: id), invocation(caller))
        }
        guard let revoked = record?.record.id else { return }
        promise("revocation of \(revoked)") { tables in
            tables.histories[subject]?.records.first { $0.id == revoked }?.revokedAt != nil
        }
    }

    func consent(_ type: ConsentType, _ caller: Caller, _ decision: ConsentDecision) async {
        guard let subject = caller.personID else { return }
        let record = await attempt("\(decision) \(type) \(subject)") { () throws(TelehealthError) in
            try await life.useCases.consents.submit(
                SubmitConsent(subjectID: subject, type: type, statement: Clinic.statement(decision).about(type)),
                invocation(caller))
        }
        // A device that repeats a request id is given the earlier outcome, which may be another person's.
        guard let record else { return }
        promise("consent \(record.id)") {
            $0.histories[record.subjectID]?.records.contains { $0.id == record.id } == true
        }
    }

    /// The guardian's signature in the client's place, for this visit or for all.
    func signForClient() async {
        let type = [ConsentType.georgiaTelehealth, .recording][pick(2)]
        let statement = Clinic.statement(session: pick(2) == 0 ? session : nil)
        await attempt("guardian signs \(type)") { () throws(TelehealthError) in
            try await life.useCases.consents.submit(
                SubmitConsent(subjectID: Clinic.client, type: type, statement: statement.about(type)),
                invocation(Clinic.guardianCaller))
        }
    }

    /// The clinician's word that the client agreed: half of a pair, beside what is written.
    func attest() async {
        let word = Clinic.statement(.granted, .verbal, attestedBy: Clinic.clinician.rawValue)
        let before = clinic.store.snapshot.histories[Clinic.client]?.records ?? []
        let record = await attempt("attest") { () throws(TelehealthError) in
            try await life.useCases.consents.submit(
                SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: word),
                invocation(Clinic.clinicianCaller))
        }
        // See above: what came back may be an earlier outcome.
        guard let record, record.subjectID == Clinic.client, record.method == .verbal else { return }
        let id = record.id
        let written = before.last {
            $0.type == .georgiaTelehealth && $0.method == .electronic && $0.supersededBy == nil
        }?.id
        promise("attestation \(id) replaces nothing written") { tables in
            let records = tables.histories[Clinic.client]?.records ?? []
            return records.contains { $0.id == id }
                && records.first { $0.id == written }?.supersededBy != id
        }
    }
}
