public import TelehealthModel

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

/// A receipt, and the key that signed it.
public struct SignedReceipt: Sendable, Hashable {
    /// See ``ConsentReceipt``.
    public let text: String
    /// ``ReceiptKey/id``.
    public let keyID: String

    package init(text: String, keyID: String) {
        self.text = text
        self.keyID = keyID
    }
}
