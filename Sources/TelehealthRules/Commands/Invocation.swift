public import TelehealthModel
internal import TextFormats

/// Port: the answer of one call, kept back while something that it depends on is written.
///
/// Isolation: any.
public protocol HeldAnswer: Sendable {
    /// Keeps the answer back until one more ``release(_:)``.
    func hold()
    /// - Parameter error: the answer, in place of what the call returned.
    func release(_ error: TelehealthError?)
}

/// Who calls, under which request id, and until when an answer helps.
public struct Invocation: Sendable {
    /// What makes a changing call repeatable.
    public struct Request: Sendable, Hashable {
        /// The caller's UUID; compared in lower case.
        public let id: String
        /// SHA-256 of the request's canonical bytes without the request id.
        public let hash: [UInt8]

        public init(id: String, hash: [UInt8]) {
            self.id = id.lowercased()
            self.hash = hash
        }

        /// Whether the id has the form 8-4-4-4-12 of hexadecimal digits.
        package var isValid: Bool { UUIDText.isValid(id) }
    }

    public var caller: Caller
    /// Needed by everything that changes something; reads leave it out.
    public var request: Request?
    /// What is left of the call's deadline when it arrives here; nil = none.
    public var timeout: Duration?
    /// The ``Session/version`` that a change of one session is for; nil = whichever it has.
    public var expectedVersion: Int64?
    /// Keeps the answer of a call that changes nothing back until its row of the audit log is durable; without it, the
    /// call itself waits for that.
    public var answer: (any HeldAnswer)?
    /// A step of a call that leaves its own row in the audit log: reading for it leaves none.
    public private(set) var skipsOwnAuditRow = false

    public init(caller: Caller, request: Request? = nil, expectedVersion: Int64? = nil, timeout: Duration? = nil) {
        self.caller = caller
        self.request = request
        self.expectedVersion = expectedVersion
        self.timeout = timeout
    }

    /// The same for a step of the call.
    public var withoutOwnAuditRow: Invocation {
        var part = self
        part.skipsOwnAuditRow = true
        return part
    }
}
