internal import TextFormats

/// Why a call failed: the only error type of all call paths, on both sides of the wire.
///
/// `OK` cannot be expressed: a call that succeeded has no error.
/// - Spec: gRPC doc/statuscodes.md; "Trailers" in PROTOCOL-HTTP2.md.
public struct RPCError: Error, Sendable, Hashable {
    /// The canonical status codes; the raw value is the number on the wire (`grpc-status`).
    public enum Code: UInt8, Sendable, Hashable, CaseIterable {
        case cancelled = 1
        case unknown = 2
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case outOfRange = 11
        case unimplemented = 12
        case `internal` = 13
        case unavailable = 14
        case dataLoss = 15
        case unauthenticated = 16
    }

    /// Which side produced the status.
    private enum Origin: Sendable, Hashable {
        case here, peer, brokenConnection
    }

    private struct Fields: Sendable, Hashable {
        var code: Code
        var message: String
        var statusDetails: [UInt8]
        var trailers: Metadata
        var retryPushback: RetryPushback
        var origin: Origin
    }

    private final class Storage: Sendable {
        let fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    /// One reference: every call has room for two errors and hardly ever uses it.
    private var storage: Storage

    private var fields: Fields {
        get { storage.fields }
        set { storage = Storage(newValue) }
    }

    public var code: Code {
        get { storage.fields.code }
        set { fields.code = newValue }
    }
    /// Shown to the peer: must not contain secrets, database statements or file paths.
    public var message: String {
        get { storage.fields.message }
        set { fields.message = newValue }
    }
    /// A serialized `google.rpc.Status` (`grpc-status-details-bin`); empty without details.
    public var statusDetails: [UInt8] {
        get { storage.fields.statusDetails }
        set { fields.statusDetails = newValue }
    }
    /// Trailing metadata sent or received with the status.
    public var trailers: Metadata {
        get { storage.fields.trailers }
        set { fields.trailers = newValue }
    }
    /// The server's advice about retrying (`grpc-retry-pushback-ms`), for clients with a retry or hedging policy.
    public var retryPushback: RetryPushback {
        get { storage.fields.retryPushback }
        set { fields.retryPushback = newValue }
    }
    /// Whether the other side sent this status. `false` when this side produced it (a deadline, a broken connection,
    /// a response without `grpc-status`).
    public var isFromPeer: Bool {
        get { storage.fields.origin == .peer }
        set { fields.origin = newValue ? .peer : .here }
    }
    /// Whether the response ended before the other side sent a status. The code then describes how it ended and not
    /// the call, which may have been carried out: a lost connection, a reset stream, an HTTP 200 response without
    /// `grpc-status`, an HTTP status that a proxy sends for an unreachable service. A retry, with the same request id
    /// for a change, may well succeed.
    public var isBrokenConnection: Bool { storage.fields.origin == .brokenConnection }

    public init(
        _ code: Code, _ message: String, statusDetails: [UInt8] = [], trailers: Metadata = [:],
        retryPushback: RetryPushback = .absent, isFromPeer: Bool = false
    ) {
        storage = Storage(
            Fields(
                code: code, message: message, statusDetails: statusDetails, trailers: trailers,
                retryPushback: retryPushback, origin: isFromPeer ? .peer : .here))
    }

    /// The error of a response that ended early: see ``isBrokenConnection``.
    public static func brokenConnection(_ code: Code, _ message: String, trailers: Metadata = [:]) -> RPCError {
        var error = RPCError(code, message, trailers: trailers)
        error.fields.origin = .brokenConnection
        return error
    }

    public static func == (left: RPCError, right: RPCError) -> Bool { left.fields == right.fields }

    public func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

extension RPCError.Code: CustomStringConvertible {
    /// The name as in the gRPC documents; a bounded set, suitable as a metric label.
    public var description: String {
        switch self {
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}

extension RPCError: CustomStringConvertible {
    /// Safe for a terminal and a log, whoever sent the message.
    public var description: String {
        message.isEmpty ? code.description : "\(code): \(message.escapedForDisplay())"
    }
}
