/// A violation by the peer that ends the connection and that nghttp2 does not detect.
enum HTTP2Violation: Hashable, Sendable {
    // Limits of `HTTP2Limits`.
    case flood(FloodKind)
    case headerBlock
    case continuations
    case informationalHeads
    case outboundQueue
    // Rules of RFC 9113.
    case closedStream
    case skippedStream
    case priorityOfConnection
    case selfDependency

    /// The error code of GOAWAY.
    var code: HTTP2ErrorCode {
        switch self {
        case .flood, .headerBlock, .continuations, .informationalHeads, .outboundQueue: .enhanceYourCalm
        // Section 5.1, "closed".
        case .closedStream: .streamClosed
        // Section 5.1.1: the first use of a stream closes the idle ones below it.
        case .skippedStream: .protocolError
        case .priorityOfConnection: .protocolError
        // RFC 7540 section 5.3.1 makes it a stream error, but an idle stream cannot be reset (RFC 9113 section 6.4).
        case .selfDependency: .protocolError
        }
    }

    /// Sent to the peer and logged: names the limit, contains nothing of the peer's.
    var label: String {
        switch self {
        case .flood(.peerReset): "too_many_resets"
        case .flood(.glitch): "too_many_violations"
        case .flood(.tinyData): "too_many_tiny_data_frames"
        case .flood(.ping): "too_many_pings"
        case .flood(.settings): "too_many_settings"
        case .flood(.priority): "too_many_priority_frames"
        case .flood(.windowUpdate): "too_many_window_updates"
        case .flood(.unknown): "too_many_unknown_frames"
        case .headerBlock: "header_block_too_large"
        case .continuations: "too_many_continuations"
        case .informationalHeads: "too_many_informational_headers"
        case .outboundQueue: "outbound_queue_full"
        case .closedStream: "headers_of_a_closed_stream"
        case .skippedStream: "stream_ids_must_grow"
        case .priorityOfConnection: "priority_of_stream_0"
        case .selfDependency: "stream_depends_on_itself"
        }
    }
}
