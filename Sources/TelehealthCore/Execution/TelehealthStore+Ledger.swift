extension TelehealthStore {
    /// What judging these people's consents needs: their histories and every registered text.
    func ledger(of subjects: some Sequence<SubjectID>) async throws(StoreError) -> ConsentLedger {
        var histories: [ConsentHistory] = []
        for subject in subjects { histories.append(try await consents(of: subject)) }
        var texts: [ConsentDocument] = []
        for type in ConsentType.allCases { texts += try await documents(of: type) }
        return ConsentLedger(histories, documents: texts)
    }
}
