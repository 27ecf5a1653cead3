internal import Synchronization

/// The key that receipts are signed with, and those that were so before.
public struct ReceiptKeys: Sendable {
    /// A key that signs no more: only its public half is kept, so that old receipts can be checked for as long as
    /// somebody has one.
    public struct Retired: Sendable {
        public let key: ReceiptKey
        public let retiredAt: Timestamp

        public init(key: ReceiptKey, retiredAt: Timestamp) {
            self.key = key
            self.retiredAt = retiredAt
        }
    }

    public let signer: ReceiptSigner
    /// Oldest first.
    public let retired: [Retired]

    public init(signer: ReceiptSigner, retired: [Retired] = []) {
        self.signer = signer
        self.retired = retired
    }
}

/// The keys in use, which an operator may replace while the service runs.
///
/// Isolation: any.
public final class ReceiptKeyBoard: Sendable {
    private let keys: Mutex<ReceiptKeys>

    public init(_ keys: ReceiptKeys) { self.keys = Mutex(keys) }

    public var current: ReceiptKeys { keys.withLock { $0 } }

    public func replace(with next: ReceiptKeys) { keys.withLock { $0 = next } }
}

/// A receipt, and the key that signed it.
public struct SignedReceipt: Sendable, Hashable {
    /// See ``ConsentReceipt``.
    public let text: String
    /// ``ReceiptKey/id``.
    public let keyID: String
}
