public import AuditChain
public import TelehealthModel

/// Port: where signed heads of the audit log are kept, outside the database.
///
/// Isolation: any; every call may block on a disk.
public protocol AuditHeadStore: Sendable {
    /// Checks the heads' signatures.
    var headKey: AuditHeadKey { get }
    /// Every head kept so far, oldest first.
    func heads() throws(StoreError) -> [AuditHead]
    /// Places among the heads, from 1, where something else stands than a head.
    func damagedLines() throws(StoreError) -> [Int]
    /// Signs the log's end as it is now, keeps that, and returns when it is durable. An end that was the last
    /// to be kept is not kept twice.
    func keepHead() throws(StoreError) -> AuditHead
}

extension AuditHeadStore {
    /// Of a witness whose heads cannot be damaged.
    public func damagedLines() throws(StoreError) -> [Int] { [] }
}
