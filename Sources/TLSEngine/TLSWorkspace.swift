internal import COpenSSL

/// Outgoing ciphertext, for all sessions of one thread in turn: an idle connection needs no buffer.
///
/// A caller of one session must take the output before it calls another.
///
/// - Isolation: not Sendable; one thread.
public final class TLSWorkspace {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0

    /// Fits a flush of 64 KiB with the records' headers and tags; grows when a handshake adds to it.
    public init() {
        capacity = 80 << 10
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// What the session produced; valid until the next call of any session of this thread.
    public var output: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// The output was sent or copied.
    public func clearOutput() { count = 0 }

    func append(_ bytes: UnsafeRawPointer, _ more: Int) {
        if count + more > capacity {
            while count + more > capacity { capacity *= 2 }
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            memcpy(larger, base, count)
            base.deallocate()
            base = larger
        }
        memcpy(base + count, bytes, more)
        count += more
    }
}

/// What OpenSSL reads from and writes to: the bytes at hand and the thread's workspace, instead of a socket or two
/// memory BIOs, which would need buffers per connection.
final class RecordPipe {
    let workspace: TLSWorkspace
    var input = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Handshake messages that OpenSSL may still receive from the peer before its input stops.
    private(set) var handshakeMessagesLeft = Int.max

    /// Limits the handshake messages that may still arrive.
    func allowHandshakeMessages(_ count: Int) { handshakeMessagesLeft = count }

    /// One arrived; if it exceeds the limit, nothing more is given to OpenSSL.
    private func noteHandshakeMessage() {
        handshakeMessagesLeft -= 1
        if handshakeMessagesLeft < 0 { input = UnsafeRawBufferPointer(start: nil, count: 0) }
    }

    /// Notifies a session's pipe of each handshake message, including KeyUpdate: OpenSSL itself accepts any number of
    /// those.
    static func countHandshakeMessages(of context: OpaquePointer) {
        SSL_CTX_set_msg_callback(context) { isOurs, _, contentType, _, _, ssl, _ in
            guard isOurs == 0, contentType == SSL3_RT_HANDSHAKE, let ssl, let bio = SSL_get_rbio(ssl) else { return }
            RecordPipe.of(bio).noteHandshakeMessage()
        }
    }

    init(workspace: TLSWorkspace) { self.workspace = workspace }

    /// Created once per process; nil without memory.
    ///
    /// `nonisolated(unsafe)`: initialized once by the runtime, never written again, OpenSSL only reads it.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(telehealth_bio_type_source_sink(), "telehealth records") else {
            return nil
        }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_read(method) { bio, target, count in
            guard let bio, let target else { return -1 }
            return of(bio).read(bio, target, Int(count))
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0 else { return 0 }
            of(bio).workspace.append(bytes, Int(count))
            return count
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            // The handshake flushes; everything else (ktls, pending, ...) is "not supported".
            command == Int32(BIO_CTRL_FLUSH) ? 1 : 0
        }
        return method
    }()

    private static func of(_ bio: OpaquePointer) -> RecordPipe {
        Unmanaged<RecordPipe>.fromOpaque(BIO_get_data(bio)!).takeUnretainedValue()
    }

    private func read(_ bio: OpaquePointer, _ target: UnsafeMutablePointer<CChar>, _ limit: Int) -> Int32 {
        telehealth_bio_clear_retry_flags(bio)
        let count = min(limit, input.count)
        guard count > 0, let start = input.baseAddress else {
            telehealth_bio_set_retry_read(bio)
            return -1
        }
        memcpy(target, start, count)
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        return Int32(count)
    }

    /// A BIO over this pipe, to be owned by an SSL object that the pipe outlives.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        return bio
    }
}
