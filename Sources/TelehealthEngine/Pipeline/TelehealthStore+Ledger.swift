internal import TelehealthModel
internal import TelehealthRules

extension TelehealthStore {
    /// What judging these people's consents needs: their histories and every registered text.
    ///
    /// - Parameter types: those that there are texts of, ``JurisdictionPolicies/types``.
    func ledger(of subjects: some Sequence<SubjectID>, types: [ConsentType]) async throws(StoreError) -> ConsentLedger {
        var histories: [ConsentHistory] = []
        for subject in subjects { histories.append(try await consents(of: subject)) }
        var texts: [ConsentDocument] = []
        for type in types { texts += try await documents(of: type) }
        return ConsentLedger(histories, documents: texts)
    }
}
