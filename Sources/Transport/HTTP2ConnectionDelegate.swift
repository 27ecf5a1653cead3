internal import EventCore
internal import HTTP2Engine

/// What the two kinds of connections add to a wire.
protocol HTTP2ConnectionDelegate: AnyObject {
    /// The handshake is over and the peer's SETTINGS arrived; once.
    func wireEstablished()
    /// More SETTINGS arrived, a stream ended, or queued bytes were sent.
    func wireCapacityChanged()
    func wireMakesStream() -> HTTP2Stream
    func wireReceivedPing()
    func wireReceivedGoAway(code: HTTP2ErrorCode, debugData: [UInt8])
    /// The PROXY header arrived, with the address of the connection if it has one.
    ///
    /// - Returns: whether the connection may continue.
    func wireReceivedProxyHeader(source: SocketAddress?) -> Bool
    /// Server: the ClientHello was answered.
    func wireAnsweredHello()
    /// TLS is established (or not used): the socket speaks HTTP/2 from here on.
    func wireHandshook()
    /// The first GOAWAY of a server's stop is queued: end what would never end by itself.
    func wireStopping()
    /// The grace period of a drain is over: end what is still open.
    func wireExpired()
    /// The last call; all streams were notified before.
    func wireClosed(_ loss: ConnectionLoss)
}

extension HTTP2ConnectionDelegate {
    func wireReceivedProxyHeader(source: SocketAddress?) -> Bool { true }
    func wireAnsweredHello() {}
}

extension HTTP2Connection {
    /// Ciphertext or frames that the socket did not accept; allocated only while there are some.
    struct Backlog {
        var bytes: [UInt8] = []
        var offset = 0
        var isEmpty: Bool { offset == bytes.count }
    }
}
