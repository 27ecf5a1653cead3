public import TelehealthModel
public import TelehealthRules

/// The texts that people sign, and the policies of the places where they count.
///
/// Isolation: the caller's.
public struct ConsentDocumentUseCases: Sendable {
    let pipeline: CommandPipeline

    /// - Throws: `INVALID_FIELD`, `DOCUMENT_VERSION_EXISTS`.
    public func put(_ command: PutConsentDocument, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentDocument
    {
        try await pipeline.change("PutConsentDocument", invocation) { _, _ throws(TelehealthError) in
            guard let document = try await document(command.type, command.version, command.language) else {
                throw TelehealthError(.documentNotFound)
            }
            return document
        } decide: { () throws(TelehealthError) in
            let existing = try await document(command.type, command.version, command.language)
            let (decision, document) = try ConsentRules.putDocument(
                command, existing: existing, caller: invocation.caller, context: pipeline.context())
            return CommandResult(decision: decision, outcome: document, made: NothingMade())
        }
    }

    /// Registered texts, oldest first; anybody may read what they are asked to sign.
    public func list(_ type: ConsentType, _ invocation: Invocation) async throws(TelehealthError)
        -> [ConsentDocument]
    {
        let documents = try await reading(await pipeline.store.documents(of: type))
        try await pipeline.audit.read("GetConsentDocument", target: wireName(type), invocation)
        return documents
    }

    /// The policies in force, by place.
    public var placePolicies: [JurisdictionPolicy] {
        pipeline.policy.places.policies.values.sorted { $0.id < $1.id }
    }

    private func document(_ type: ConsentType, _ version: String, _ language: String)
        async throws(TelehealthError) -> ConsentDocument?
    {
        try await reading(await pipeline.store.documents(of: type))
            .first { $0.version == version && $0.language == LanguageTag.canonical(language) }
    }
}
