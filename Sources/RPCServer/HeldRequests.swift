internal import HTTP2Engine
internal import Transport

/// Bounds the bytes of requests that have arrived and that no handler has taken: messages still arriving, and whole
/// ones that wait.
///
/// The limit of one message alone does not bound memory: a connection may fill nearly a whole message on each of its
/// streams and then send no more, and so may many connections. Above the bound of a connection the call that grows is
/// refused. Above the bound of the loop the largest call of the connection that holds most is, so that who sends
/// little is not refused for what others hold.
/// - Isolation: the loop.
final class HeldRequests {
    /// What a call holds is not counted up to here: most requests are smaller, and pay nothing.
    static let freeBytesPerCall = 4096

    private struct Holder {
        let connection: ServerConnection
        var byteCount = 0
    }

    private let maxPerConnection: Int
    private let max: Int
    private(set) var byteCount = 0
    /// By the connection's id; only those that hold something.
    private var holders: [UInt64: Holder] = [:]

    init(configuration: ServerConfiguration) {
        maxPerConnection = configuration.maxHeldRequestBytesPerConnection
        max = configuration.maxHeldRequestBytesPerLoop
    }

    /// The call holds so much more, or less, than it did.
    ///
    /// - Returns: the call that is to be refused, when a bound is exceeded.
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
