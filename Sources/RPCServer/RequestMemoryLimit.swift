internal import HTTP2Engine
internal import Transport

/// Limits the bytes of requests that have arrived but no handler has taken: incomplete messages, and complete ones
/// that wait.
///
/// The limit of a single message does not bound memory: a connection may send almost a whole message on each of its
/// streams and then stop, and many connections may do so. Above a connection's limit the growing call is refused.
/// Above the loop's limit the largest call of the connection that holds most is refused, so that small senders do not
/// pay for large ones.
/// - Isolation: the loop.
final class RequestMemoryLimit {
    /// Bytes per call that are not counted: most requests are smaller, and cost nothing here.
    static let freeBytesPerCall = 4096

    private struct Holder {
        let connection: ServerConnection
        var byteCount = 0
    }

    private let maxPerConnection: Int
    private let max: Int
    private(set) var byteCount = 0
    /// By connection id; only connections that hold something.
    private var holders: [UInt64: Holder] = [:]

    init(configuration: ServerConfiguration) {
        maxPerConnection = configuration.maxHeldRequestBytesPerConnection
        max = configuration.maxHeldRequestBytesPerLoop
    }

    /// Records that the call holds more, or less, than before.
    ///
    /// - Returns: the call to refuse when a limit is exceeded.
    func changed(by delta: Int, call: ServerCall, on connection: ServerConnection) -> ServerCall? {
        byteCount += delta
        var holder = holders[connection.id] ?? Holder(connection: connection)
        holder.byteCount += delta
        holders[connection.id] = holder.byteCount > 0 ? holder : nil
        guard delta > 0 else { return nil }
        if holder.byteCount > maxPerConnection { return call }
        return byteCount > max ? largestCall() : nil
    }

    private func largestCall() -> ServerCall? {
        var largest: ServerCall?
        holders.values.max { $0.byteCount < $1.byteCount }?.connection.forEachStream { stream in
            guard let call = stream as? ServerCall else { return }
            if call.heldByteCount > largest?.heldByteCount ?? 0 { largest = call }
        }
        return largest
    }
}
