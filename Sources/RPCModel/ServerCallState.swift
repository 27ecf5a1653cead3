/// The protocol state of one call on a server: two half-streams, no buffers.
///
/// | half | states | terminal |
/// |---|---|---|
/// | inbound (requests) | open, halfClosed, failed | halfClosed, failed |
/// | outbound (response) | idle, streaming, closed | closed |
///
/// Bad input comes in three kinds: data after the half-close (HTTP/2 refuses it below), anything after a
/// failure (read and dropped), and sends after the stream closed (legal: the peer reset while the handler was
/// writing; ignored).
public struct ServerCallState: Sendable {
    enum Inbound: Sendable, Hashable { case open, halfClosed, failed }
    enum Outbound: Sendable, Hashable { case idle, streaming, closed }

    /// What has to precede bytes of a message.
    public enum SendAction: Sendable, Hashable { case writeHeadersFirst, write, ignore }
    /// How a status is sent.
    public enum FinishAction: Sendable, Hashable {
        /// Nothing was sent yet: one HEADERS frame (Trailers-Only).
        case trailersOnly
        case trailers
        case ignore
    }

    private var inbound = Inbound.open
    private var outbound = Outbound.idle

    public init() {}

    public var acceptsData: Bool { inbound == .open && outbound != .closed }
    public var isInboundHalfClosed: Bool { inbound == .halfClosed }
    public var isFinished: Bool { outbound == .closed }

    /// Whether the stream is to be reset with NO_ERROR behind the trailers, because the peer has not ended.
    public var needsResetAfterTrailers: Bool { inbound != .halfClosed }

    public mutating func receiveEnd() { if inbound == .open { inbound = .halfClosed } }

    public mutating func failInbound() { if inbound == .open { inbound = .failed } }

    public mutating func send() -> SendAction {
        switch outbound {
        case .idle:
            outbound = .streaming
            return .writeHeadersFirst
        case .streaming: return .write
        case .closed: return .ignore
        }
    }

    public mutating func finish() -> FinishAction {
        defer { outbound = .closed }
        switch outbound {
        case .idle: return .trailersOnly
        case .streaming: return .trailers
        case .closed: return .ignore
        }
    }

    /// The stream is gone, whoever closed it.
    /// - Returns: whether the handler was still to finish.
    public mutating func close() -> Bool {
        defer { outbound = .closed }
        return outbound != .closed
    }
}
