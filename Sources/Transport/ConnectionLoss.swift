public import EventCore
internal import HTTP2Engine
public import TLSEngine

/// Why a connection ended, or was never established. Contains nothing of a call: safe for logs and metrics.
public struct ConnectionLoss: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case connectFailed(errno: Int32)
        /// No connection, handshake or SETTINGS in time.
        case handshakeTimedOut
        /// No ClientHello in time.
        case helloTimedOut
        /// No PROXY header in time where one must come.
        case proxyHeaderTimedOut
        /// The first bytes are not a PROXY header.
        case proxyHeaderInvalid
        /// It was silent, and another connection needed its place.
        case evicted
        /// The address reported by a proxy already has its maximum number of connections.
        case addressShare
        case tls(TLSFailure)
        /// The peer closed the socket.
        case peerClosed
        case socket(errno: Int32)
        case keepaliveTimedOut
        /// The peer reads nothing, or opens no window.
        case writeStalled
        /// A header block that did not end in time.
        case headersTimedOut
        /// The peer's bytes are not HTTP/2, or not recoverable.
        case protocolError
        /// The peer exceeded a limit and was sent ENHANCE_YOUR_CALM.
        case limitExceeded
        /// Drained: no calls were left.
        case drained
        /// The calls of a drained connection took longer than its grace.
        case graceExpired
        /// We closed it.
        case closedLocally
        /// Descriptors or memory ran out on our side.
        case resources(errno: Int32)
    }

    public let kind: Kind
    public let description: String
    private let detail: String

    init(_ kind: Kind, _ detail: String = "") {
        self.kind = kind
        self.detail = detail
        let text =
            switch kind {
            case .connectFailed(let code): SystemCallError("connect", code: code).description
            case .handshakeTimedOut: "HTTP/2 handshake timed out"
            case .helloTimedOut: "TLS ClientHello timed out"
            case .proxyHeaderTimedOut: "PROXY header timed out"
            case .proxyHeaderInvalid: "invalid PROXY header (version 2 required)"
            case .evicted: "idle connection closed to make room for another"
            case .addressShare: "too many connections from this address"
            case .tls(let failure): "TLS failed: \(failure)"
            case .peerClosed: "closed by the peer"
            case .socket(let code): SystemCallError("socket", code: code).description
            case .keepaliveTimedOut: "keepalive ping timed out"
            case .writeStalled: "the peer stopped reading"
            case .headersTimedOut: "header block timed out"
            case .protocolError: "protocol error"
            case .limitExceeded: "limit exceeded"
            case .drained: "drained"
            case .graceExpired: "calls did not finish within the grace period of a draining connection"
            case .closedLocally: "closed"
            case .resources(let code): SystemCallError("resources", code: code).description
            }
        description = detail.isEmpty ? text : "\(text) (\(detail))"
    }

    /// For metrics: one word per kind, and one per limit. The set of them is bounded.
    public var label: String {
        switch kind {
        case .connectFailed: "connect_failed"
        case .handshakeTimedOut: "handshake_timed_out"
        case .helloTimedOut: "hello_timed_out"
        case .proxyHeaderTimedOut: "proxy_header_timed_out"
        case .proxyHeaderInvalid: "proxy_header_invalid"
        case .evicted: "evicted"
        case .addressShare: "address_share"
        case .tls: "tls"
        case .peerClosed: "peer_closed"
        case .socket: "socket"
        case .keepaliveTimedOut: "keepalive_timed_out"
        case .writeStalled: "write_stalled"
        case .headersTimedOut: "headers_timed_out"
        case .protocolError: "protocol_error"
        // The name of the limit, as sent to the peer.
        case .limitExceeded: detail.isEmpty ? "limit_exceeded" : detail
        case .drained: "drained"
        case .graceExpired: "grace_expired"
        case .closedLocally: "closed_locally"
        case .resources: "resources"
        }
    }
}

/// Why a server cannot listen.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it should have listened.
    public let address: SocketAddress
    /// The system call and its errno, EADDRINUSE for example.
    public let cause: SystemCallError

    public var description: String { "cannot listen on \(address): \(cause)" }
}

/// Who is at the other end.
public struct PeerInfo: Hashable, Sendable {
    /// The peer's address: from the PROXY header, if any, otherwise the socket's peer.
    public let address: SocketAddress
    /// The socket's peer, if a PROXY header gave another address.
    public let proxy: SocketAddress?
    /// The socket's peer is a trusted proxy, or a PROXY header arrived: the address then does not show that the peer
    /// is this machine.
    public let isProxied: Bool
    /// Nil on a connection without TLS.
    public let tls: TLSPeerIdentity?
}
