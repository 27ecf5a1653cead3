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
    @usableFromInline
    enum Inbound: Sendable, Hashable { case open, halfClosed, failed }
    @usableFromInline
    enum Outbound: Sendable, Hashable { case idle, streaming, closed }

    /// What must precede the bytes of a message.
    public enum SendAction: Sendable, Hashable { case writeHeadersFirst, write, ignore }
    /// How a status is sent.
    public enum FinishAction: Sendable, Hashable {
        /// Nothing was sent yet: one HEADERS frame (Trailers-Only).
        case trailersOnly
        case trailers
        case ignore
    }

    // Inlinable throughout: a call passes through here ten times.
    @usableFromInline var inbound = Inbound.open
    @usableFromInline var outbound = Outbound.idle

    @inlinable
    public init() {}

    @inlinable public var acceptsData: Bool { inbound == .open && outbound != .closed }
    @inlinable public var isFinished: Bool { outbound == .closed }

    /// Whether nothing was sent, not even response headers.
    @inlinable public var hasSentNothing: Bool { outbound == .idle }

    /// Whether to reset the stream with NO_ERROR after the trailers, because the peer has not ended.
    @inlinable public var needsResetAfterTrailers: Bool { inbound != .halfClosed }

    @inlinable public mutating func receiveEnd() { if inbound == .open { inbound = .halfClosed } }

    @inlinable public mutating func failInbound() { if inbound == .open { inbound = .failed } }

    @inlinable public mutating func send() -> SendAction {
        switch outbound {
        case .idle:
            outbound = .streaming
            return .writeHeadersFirst
        case .streaming: return .write
        case .closed: return .ignore
        }
    }

    @inlinable public mutating func finish() -> FinishAction {
        defer { outbound = .closed }
        switch outbound {
        case .idle: return .trailersOnly
        case .streaming: return .trailers
        case .closed: return .ignore
        }
    }

    /// The stream was closed, by either side.
    /// - Returns: whether the handler had not finished.
    @inlinable public mutating func close() -> Bool {
        defer { outbound = .closed }
        return outbound != .closed
    }
}
