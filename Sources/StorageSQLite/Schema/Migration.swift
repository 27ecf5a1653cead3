/// One step of the schema, forward only. A step that was released is never edited: a change is a new step.
struct Migration: Sendable {
    /// 1 is the first; ascending.
    let version: Int64
    let name: String
    let statements: [String]

    static let all: [Migration] = [
        Migration(
            version: 1, name: "first schema",
            statements: SchemaV1.visits + SchemaV1.consents + SchemaV1.records + SchemaV1.guards),
        Migration(version: 2, name: "chained audit log", statements: SchemaV2.audit),
        Migration(version: 3, name: "people in a visit", statements: SchemaV3.people),
        Migration(version: 4, name: "consents in depth", statements: SchemaV4.all),
        Migration(
            version: 5, name: "meeting events, recordings' keeping, quality", statements: SchemaV5.all),
        Migration(version: 6, name: "sealed columns", statements: SchemaV6.statements),
        Migration(version: 7, name: "webhooks", statements: SchemaV7.statements),
        Migration(version: 8, name: "done effects", statements: SchemaV8.statements),
        Migration(version: 9, name: "fewer audit indexes", statements: SchemaV9.statements),
        Migration(version: 10, name: "guardians of adults", statements: SchemaV10.statements),
        Migration(version: 11, name: "early cancellations", statements: SchemaV11.statements),
        Migration(version: 12, name: "kinds of failure", statements: SchemaV12.statements),
        Migration(version: 13, name: "rows under a MAC, no texts in clear", statements: SchemaV13.statements),
        Migration(version: 14, name: "feed of changed visits", statements: SchemaV14.statements),
        Migration(version: 15, name: "requests under settled names", statements: SchemaV15.statements),
    ]
}
