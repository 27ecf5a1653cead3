internal import EventCore
internal import HTTP2Engine

/// What the two kinds of connections add to a wire.
protocol WireDelegate: AnyObject {
    /// The handshake is over and the peer's SETTINGS arrived; once.
    func wireEstablished()
    /// More SETTINGS, a stream ended, or queued bytes left.
    func wireCapacityChanged()
    func wireMakesStream() -> HTTP2Stream
    func wireReceivedPing()
    func wireReceivedGoAway(code: HTTP2ErrorCode, debugData: [UInt8])
    /// The PROXY header came: where the connection is from, if it says so.
    ///
    /// - Returns: whether the connection may go on.
    func wireReceivedProxyHeader(source: SocketAddress?) -> Bool
    /// Server: the ClientHello was answered.
    func wireAnsweredHello()
    /// TLS is done (or there is none): a socket that speaks HTTP/2 from here on.
    func wireHandshook()
    /// The first GOAWAY of a server's stop is queued: what would never end by itself is to be ended.
    func wireStopping()
    /// The time of a drain is up: what is still open is to be ended.
    func wireExpired()
    /// The last call; all streams were told already.
    func wireClosed(_ loss: ConnectionLoss)
}

extension WireDelegate {
    func wireReceivedProxyHeader(source: SocketAddress?) -> Bool { true }
    func wireAnsweredHello() {}
}

extension Wire {
    /// Ciphertext or frames that the socket did not take; owned only while there are some.
    struct Backlog {
        var bytes: [UInt8] = []
        var offset = 0
        var isEmpty: Bool { offset == bytes.count }
    }
}
