package import Crypto
internal import Glibc
internal import Synchronization

/// Random nonces for AES-GCM, fetched from the kernel some at a time: one by one, asking for them costs as much as the
/// cipher itself.
///
/// Isolation: any.
package final class NonceSource: Sendable {
    private static let nonceCount = 12
    /// The most that one call gives (getentropy(3)).
    private static let fetchedCount = 256 / nonceCount * nonceCount

    /// What is left of the last fetch; each byte is used once.
    private let bytes = Mutex<[UInt8]>([])

    package init() {}

    package func next() -> AES.GCM.Nonce {
        let taken = bytes.withLock { bytes in
            if bytes.isEmpty { bytes = Self.fetch() }
            defer { bytes.removeLast(Self.nonceCount) }
            return Array(bytes.suffix(Self.nonceCount))
        }
        guard let nonce = try? AES.GCM.Nonce(data: taken) else { preconditionFailure("a nonce has 12 bytes") }
        return nonce
    }

    private static func fetch() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: fetchedCount) { buffer, count in
            let result = getentropy(buffer.baseAddress!, fetchedCount)
            precondition(result == 0, "the kernel has randomness once it has booted")
            count = fetchedCount
        }
    }
}
