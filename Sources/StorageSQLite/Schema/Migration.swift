/// One step of the schema, forward only. A step that was released is never edited: a change is a new step.
struct Migration: Sendable {
    /// 1 is the first; no gaps.
    let version: Int64
    let name: String
    let statements: [String]

    static let all: [Migration] = [
        Migration(
            version: 1, name: "first schema",
            statements: SchemaV1.visits + SchemaV1.consents + SchemaV1.records + SchemaV1.guards),
        Migration(
            version: 5, name: "meeting events, recordings' keeping, quality", statements: SchemaV5.all),
    ]
}
