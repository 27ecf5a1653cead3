public import AuditChain
internal import Synchronization

/// The keys in use, which an operator may replace while the service runs.
///
/// Isolation: any.
public final class ReceiptKeyStore: Sendable {
    private let keys: Mutex<ReceiptKeys>

    public init(_ keys: ReceiptKeys) { self.keys = Mutex(keys) }

    public var current: ReceiptKeys { keys.withLock { $0 } }

    public func replace(with next: ReceiptKeys) { keys.withLock { $0 = next } }
}
