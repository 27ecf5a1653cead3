/// Somebody's consent history with the version a decision on it must expect.
public struct ConsentHistory: Sendable, Hashable {
    public var subjectID: SubjectID
    /// 0 = nothing recorded yet.
    public var version: Int64
    /// Oldest first.
    public var records: [ConsentRecord]
    /// As the scheduling system says; decides who must sign. nil = not known.
    public var bornOn: CivilDate?

    public init(
        subjectID: SubjectID, version: Int64 = 0, records: [ConsentRecord] = [], bornOn: CivilDate? = nil
    ) {
        self.subjectID = subjectID
        self.version = version
        self.records = records
        self.bornOn = bornOn
    }
}
