import HTTP2Engine

/// One open call of a ``Holder``: counts what comes, and how long it was on its way.
///
/// - Isolation: the holder's loop.
final class HeldStream: HTTP2Stream {
    /// A message of `bench.Echo/Watch`: prefix, tag, length, and the time at which it was written.
    static let eventBytes = 15
    private static let timeBytes = 8

    private unowned let holder: Holder
    /// The start of a message whose rest has not come.
    private var partial: [UInt8] = []
    private var isAnswered = false

    init(holder: Holder) {
        self.holder = holder
        super.init()
    }

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        if endStream { return holder.streamEnded(self) }
        answered()
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        consume(bytes.count)
        guard holder.readsEvents else { return }
        partial += bytes
        while partial.count >= Self.eventBytes {
            let time = partial[(Self.eventBytes - Self.timeBytes)..<Self.eventBytes].withUnsafeBytes {
                $0.loadUnaligned(as: UInt64.self)
            }
            partial.removeFirst(Self.eventBytes)
            holder.eventArrived(after: MachineClock.nanoseconds - time)
        }
    }

    override func closed(_ reason: StreamCloseReason) { holder.streamEnded(self) }

    private func answered() {
        guard !isAnswered else { return }
        isAnswered = true
        holder.streamAnswered()
    }
}

/// The unary call that makes the server tell all watchers.
final class PublishStream: HTTP2Stream {
    override func receiveData(_ bytes: UnsafeRawBufferPointer) { consume(bytes.count) }
}
