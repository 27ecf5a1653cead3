internal import TextFormats

/// Why a call failed: the one error type of every call path, on both sides of the wire.
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

    /// Whose word the status is.
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

    /// One reference: every call keeps room for two errors and hardly ever has one, and what can throw one needs no
    /// memory for it.
    private var storage: Storage

    private var fields: Fields {
        get { storage.fields }
        set { storage = Storage(newValue) }
    }

    public var code: Code {
        get { storage.fields.code }
        set { fields.code = newValue }
    }
    /// Shown to the peer: holds no secret, no statement of a database and no path of a file system.
    public var message: String {
        get { storage.fields.message }
        set { fields.message = newValue }
    }
    /// A serialized `google.rpc.Status` (`grpc-status-details-bin`); empty when there are no details.
    public var statusDetails: [UInt8] {
        get { storage.fields.statusDetails }
        set { fields.statusDetails = newValue }
    }
    /// Trailing metadata that goes, or came, with the status.
    public var trailers: Metadata {
        get { storage.fields.trailers }
        set { fields.trailers = newValue }
    }
    /// What the server says about trying the call again (`grpc-retry-pushback-ms`), for clients with a retry or
    /// hedging policy.
    public var retryPushback: RetryPushback {
        get { storage.fields.retryPushback }
        set { fields.retryPushback = newValue }
    }
    /// Whether the other side sent this status. `false` when it was made up on this side (a deadline, a
    /// broken connection, a table lookup for an answer without `grpc-status`).
    public var isFromPeer: Bool {
        get { storage.fields.origin == .peer }
        set { fields.origin = newValue ? .peer : .here }
    }
    /// Whether the answer broke off before the other side gave a status, so that the code tells how it broke and
    /// nothing about the call, which may have been carried out: a lost connection, a reset stream, an answer at HTTP
    /// 200 without `grpc-status`, an HTTP status that a proxy gives for a service out of reach. Asking again, under the
    /// same request id where something changes, may well succeed.
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

    /// The error of an answer that broke off: see ``isBrokenConnection``.
    public static func brokenConnection(_ code: Code, _ message: String, trailers: Metadata = [:]) -> RPCError {
        var error = RPCError(code, message, trailers: trailers)
        error.fields.origin = .brokenConnection
        return error
    }

    public static func == (left: RPCError, right: RPCError) -> Bool { left.fields == right.fields }

    public func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

extension RPCError.Code: CustomStringConvertible {
    /// The name as the gRPC documents write it; a bounded set, so fit for a metric's label.
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
    /// Fit for a terminal and a log, whoever sent the message.
    public var description: String {
        message.isEmpty ? code.description : "\(code): \(message.escapedForDisplay())"
    }
}
