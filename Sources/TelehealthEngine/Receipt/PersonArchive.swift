public import AuditChain
public import TelehealthModel
public import TelehealthRules

/// Everything the service holds about one person's consents and visits, and who saw it.
public struct PersonRecord: Sendable {
    public let subjectID: SubjectID
    public let bornOn: CivilDate?
    /// Oldest first.
    public let consents: [ConsentRecord]
    /// Those of them that a guardian signed whose powers have ended since.
    public let ended: Set<ConsentID>
    /// Every registered text of the types of ``consents``.
    public let documents: [ConsentDocument]
    /// In which the person is the client, by planned start.
    public let visits: [SessionState]
    /// Newest first; at most ``PersonArchive/accessesMax``.
    public let accesses: [AuditRecord]
    public let takenAt: Timestamp
}

/// Collects a person's record for export.
///
/// Isolation: any.
public struct PersonArchive: Sendable {
    /// Accesses in one export: the newest, some 8 MiB of them. Older ones are the audit log's own export's.
    public static let accessesMax = 10_000
    /// Visits in one export: a visit a day for eight years.
    public static let visitsMax = 3_000
    private static let page = 200

    private let useCases: UseCases
    private let trail: any AuditTrail

    public init(useCases: UseCases, trail: any AuditTrail) {
        self.useCases = useCases
        self.trail = trail
    }

    /// For the person, a guardian, or an administrator. Each export is audited, and the first of its accesses.
    ///
    /// - Throws: `PERSON_NOT_FOUND`; `EXPORT_TOO_LARGE` beyond ``visitsMax``.
    public func record(of subject: SubjectID, _ invocation: Invocation) async throws(TelehealthError)
        -> PersonRecord
    {
        try await useCases.pipeline.access.requireTie("ExportPersonRecord", to: subject, invocation)
        try await useCases.audit.always(
            "ExportPersonRecord", person: subject, target: subject.rawValue, invocation)
        let store = useCases.pipeline.store
        let history = try await reading(await store.consents(of: subject))
        var documents: [ConsentDocument] = []
        for type in Set(history.records.map(\.type)) {
            documents += try await reading(await store.documents(of: type))
        }
        return PersonRecord(
            subjectID: subject, bornOn: history.bornOn, consents: history.records,
            ended: try await useCases.consents.judged(history.records, of: subject).ended, documents: documents,
            visits: try await visits(of: subject), accesses: try await accesses(to: subject),
            takenAt: useCases.pipeline.time.now)
    }

    private func visits(of subject: SubjectID) async throws(TelehealthError) -> [SessionState] {
        let store = useCases.pipeline.store
        var query = SessionQuery()
        query.clientID = subject
        query.limit = Self.page
        var visits: [SessionState] = []
        while true {
            let asked = query
            let rows = try await reading(await store.sessions(asked))
            if visits.count + rows.count > Self.visitsMax { throw TelehealthError(.exportTooLarge) }
            for row in rows {
                let state = try await reading(await store.session(row.id))
                if let state { visits.append(state) }
            }
            guard rows.count == Self.page, let last = rows.last else { return visits }
            query.after = (last.startsAt, last.id)
        }
    }

    private func accesses(to subject: SubjectID) async throws(TelehealthError) -> [AuditRecord] {
        let trail = trail
        var query = AuditQuery()
        query.person = subject
        query.isDescending = true
        query.limit = Self.page
        var accesses: [AuditRecord] = []
        while accesses.count < Self.accessesMax {
            let asked = query
            let page = try await reading(await trail.auditPage(asked))
            accesses += page.records
            guard let next = page.next else { break }
            query.after = next
        }
        return Array(accesses.prefix(Self.accessesMax))
    }
}
