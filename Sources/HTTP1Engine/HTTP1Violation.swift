/// Why the engine ends a connection: a rule or a limit that the client's bytes exceed, or its silence.
///
/// All are the client's fault. The raw value is for logs and metrics; it contains nothing of the client's.
public enum HTTP1Violation: String, Error, Hashable, Sendable, CaseIterable {
    // Lines (RFC 9112 section 2.2): only CRLF ends one.
    case bareLineFeed = "bare_line_feed"
    case bareCarriageReturn = "bare_carriage_return"
    case nulByte = "nul_byte"
    case emptyLines = "empty_lines"
    // The request line (RFC 9112 section 3).
    case requestLineTooLong = "request_line_too_long"
    case malformedRequestLine = "malformed_request_line"
    case malformedTarget = "malformed_target"
    case unsupportedVersion = "unsupported_version"
    case unsupportedConnect = "unsupported_connect"
    // Fields (RFC 9112 section 5, RFC 9110 section 5).
    case fieldsTooLarge = "fields_too_large"
    case tooManyFields = "too_many_fields"
    case foldedField = "folded_field"
    case whitespaceBeforeColon = "whitespace_before_colon"
    case malformedField = "malformed_field"
    // Host (RFC 9112 section 3.2).
    case missingHost = "missing_host"
    case severalHosts = "several_hosts"
    case malformedHost = "malformed_host"
    case authorityMismatch = "authority_mismatch"
    // Framing (RFC 9112 section 6).
    case severalContentLengths = "several_content_lengths"
    case malformedContentLength = "malformed_content_length"
    case lengthAndCoding = "content_length_and_transfer_encoding"
    case codingInHTTP10 = "transfer_encoding_in_http_1_0"
    case malformedTransferEncoding = "malformed_transfer_encoding"
    case unsupportedTransferCoding = "unsupported_transfer_coding"
    case unsupportedExpectation = "unsupported_expectation"
    case bodyTooLarge = "body_too_large"
    // Chunks (RFC 9112 section 7.1).
    case malformedChunk = "malformed_chunk"
    case chunkSizeTooLong = "chunk_size_too_long"
    case chunkExtensionTooLong = "chunk_extension_too_long"
    case tooMuchChunkOverhead = "too_much_chunk_overhead"
    // Time.
    case headTooSlow = "head_too_slow"
    case bodyTooSlow = "body_too_slow"
    case idle = "idle"
    /// The client closed in the middle of a request.
    case requestCutOff = "request_cut_off"

    /// For logs and metrics.
    public var label: String { rawValue }

    /// The status that is sent before the connection ends; nil when there is nothing to answer, or nobody.
    public var status: Int? {
        switch self {
        case .bareLineFeed, .bareCarriageReturn, .nulByte, .emptyLines, .malformedRequestLine, .malformedTarget,
            .foldedField, .whitespaceBeforeColon, .malformedField, .missingHost, .severalHosts, .malformedHost,
            .authorityMismatch, .severalContentLengths, .malformedContentLength, .lengthAndCoding, .codingInHTTP10,
            .malformedTransferEncoding, .malformedChunk, .chunkSizeTooLong, .chunkExtensionTooLong,
            .tooMuchChunkOverhead:
            400
        case .headTooSlow, .bodyTooSlow: 408
        case .bodyTooLarge: 413
        // RFC 9112 section 3.
        case .requestLineTooLong: 414
        // RFC 9110 section 10.1.1.
        case .unsupportedExpectation: 417
        // RFC 6585 section 5.
        case .fieldsTooLarge, .tooManyFields: 431
        // RFC 9110 section 9.1, RFC 9112 section 6.1.
        case .unsupportedConnect, .unsupportedTransferCoding: 501
        case .unsupportedVersion: 505
        case .idle, .requestCutOff: nil
        }
    }
}
