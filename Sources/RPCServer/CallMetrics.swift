public import RPCModel
public import Transport

/// Finished calls of one method with one status.
public struct CallCounts: Sendable, Hashable {
    /// Histogram buckets: bucket `i` counts durations below `2^i` microseconds that are in no lower bucket; the last
    /// counts the rest. 1 us to 67 s.
    public static let bucketCount = 28

    public var count: UInt64 = 0
    public var totalNanoseconds: UInt64 = 0
    /// ``bucketCount`` counters.
    public var buckets = [UInt64](repeating: 0, count: CallCounts.bucketCount)

    public init() {}

    mutating func record(nanoseconds: UInt64) {
        count += 1
        totalNanoseconds += nanoseconds
        let microseconds = nanoseconds / 1000
        buckets[min(UInt64.bitWidth - microseconds.leadingZeroBitCount, Self.bucketCount - 1)] += 1
    }

    mutating func add(_ other: CallCounts) {
        count += other.count
        totalNanoseconds += other.totalNanoseconds
        for index in buckets.indices { buckets[index] += other.buckets[index] }
    }
}

/// What a server has counted about its calls since it started.
public struct CallMetrics: Sendable {
    public struct Entry: Sendable {
        /// `package.Service/Method`, or `_OTHER` for unknown paths: the set of names is bounded.
        public var method: String
        /// `nil` is OK.
        public var code: RPCError.Code?
        public var counts: CallCounts
    }

    public var entries: [Entry] = []
    /// Handlers now running or suspended.
    public var runningHandlers = 0
    /// Calls now waiting for a handler slot.
    public var waitingCalls = 0
    /// Streams now open, including detached ones.
    public var openCalls = 0
    /// Ended connections, by the label of the cause: `peer_closed`, `drained`, or the name of the limit that the peer
    /// exceeded, such as `too_many_resets`.
    public var connectionEnds: [String: UInt64] = [:]
    /// Calls that a limit refused or ended, by the limit's name: see ``CallLimit``.
    public var refusedCalls: [String: UInt64] = [:]
    /// Calls whose `forwarded` or `x-forwarded-…` was ignored because their peer is not a trusted proxy.
    public var ignoredForwardings: UInt64 = 0
    /// Connections admitted and refused.
    public var connections = ConnectionAdmissions()
}

/// The limits that end a call without closing its connection; the raw values label their counters.
public enum CallLimit: String, CaseIterable, Sendable {
    /// Request metadata above `HTTP2Limits.headerFieldsMax` or `headerListBytesMax`.
    case headerBlock = "header_block_too_large"
    /// A message larger than ``ServerConfiguration/maxRequestBytes``, refused on its prefix.
    case requestBytes = "request_too_large"
    /// A compressed message that is larger than that when decompressed.
    case unpackedBytes = "unpacked_request_too_large"
    /// Request bytes not yet taken by a handler exceed ``ServerConfiguration/maxHeldRequestBytesPerConnection`` or
    /// ``ServerConfiguration/maxHeldRequestBytesPerLoop``.
    case heldRequestBytes = "too_many_request_bytes"
    /// Response bytes waiting for their readers exceed `HTTP2Limits.queuedBytesMax` or `queuedBytesInAllMax`.
    case queuedResponseBytes = "too_many_response_bytes"
    /// A request that took longer than ``ServerConfiguration/requestTimeout``.
    case slowRequest = "request_too_slow"
    /// More calls wait for a handler slot than ``ServerConfiguration/maxWaitingCallsPerLoop``.
    case waitingCalls = "too_many_waiting_calls"
    /// More of one connection's calls wait than ``ServerConfiguration/maxWaitingCallsPerConnection``, or another
    /// connection with fewer waiting calls needs the place.
    case waitingCallsOfConnection = "too_many_waiting_calls_of_connection"
}

/// The counters of one loop, used by its thread only, so counting is an addition.
struct LoopCallMetrics {
    /// Code 0 is OK, as on the wire.
    private static let codeCount = 17
    private var counts: [CallCounts?]
    private(set) var connectionEnds: [String: UInt64] = [:]
    private(set) var refusedCalls: [String: UInt64] = [:]
    var ignoredForwardings: UInt64 = 0

    /// - Parameter methodCount: known methods; one more slot counts unknown ones.
    init(methodCount: Int) {
        counts = Array(repeating: nil, count: (methodCount + 1) * Self.codeCount)
    }

    mutating func record(methodIndex: Int, code: RPCError.Code?, nanoseconds: UInt64) {
        let index = methodIndex * Self.codeCount + Int(code?.rawValue ?? 0)
        if counts[index] == nil { counts[index] = CallCounts() }
        counts[index]?.record(nanoseconds: nanoseconds)
    }

    mutating func recordConnectionEnd(_ label: String) { connectionEnds[label, default: 0] += 1 }

    mutating func recordRefusal(_ limit: CallLimit) { refusedCalls[limit.rawValue, default: 0] += 1 }

    func forEach(_ body: (_ methodIndex: Int, RPCError.Code?, CallCounts) -> Void) {
        for (index, counts) in counts.enumerated() {
            guard let counts else { continue }
            body(index / Self.codeCount, RPCError.Code(rawValue: UInt8(index % Self.codeCount)), counts)
        }
    }
}
