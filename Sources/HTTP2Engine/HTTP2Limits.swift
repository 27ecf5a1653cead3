/// Every limit on what a peer can make one connection do, with the reason for its default.
///
/// Rates are token buckets: `burst` at once, then `perSecond`. Regular traffic earns additional tokens, so that the
/// limits affect frames without work, not busy connections. Exceeding one ends the connection with
/// GOAWAY(ENHANCE_YOUR_CALM).
public struct HTTP2Limits: Hashable, Sendable {
    /// A token bucket's size.
    public struct Rate: Hashable, Sendable {
        public var burst: UInt32
        public var perSecond: UInt32

        public init(burst: UInt32, perSecond: UInt32) {
            self.burst = burst
            self.perSecond = perSecond
        }
    }

    /// Maximum number of streams that the peer may have open. 128: enough to keep a core busy from one connection,
    /// and small enough for a limit on handlers to matter. Advertised in SETTINGS.
    public var concurrentStreamsMax: UInt32 = 128
    /// Bytes the peer may send on one stream before they are consumed. 1 MiB: a large unary message moves at line
    /// rate with a round trip of 10 ms at 100 MB/s.
    public var streamWindowBytes: Int32 = 1 << 20
    /// The same for the connection: 8 streams may be full before the others wait.
    public var connectionWindowBytes: Int32 = 8 << 20
    /// Fields of one header block. gRPC calls have 8 to 20; thousands of 1-byte references are an attack
    /// (CVE-2026-49975).
    public var headerFieldsMax = 128
    /// Sum of name + value + 32 of one header block (RFC 9113 section 10.5.1). gRPC suggests 8 KiB; tokens
    /// need some more.
    public var headerListBytesMax = 16 << 10
    /// A block that exceeds a limit by this factor ends the connection; a smaller excess only marks the block.
    public var headerExcessFactorMax = 4
    /// CONTINUATION frames of one block (CVE-2024-28182).
    public var continuationsMax = 8
    /// Maximum number of 1xx responses per open stream before a final one of any stream. Servers send one or two; a
    /// client without this limit would wait forever on a server that sends nothing else.
    public var informationalHeadsMax = 10
    /// Maximum number of queued PING and SETTINGS acknowledgements (CVE-2019-9512, 9515).
    public var queuedAcksMax = 1000
    /// Maximum number of entries in one SETTINGS frame.
    public var settingsEntriesMax = 32
    /// Our frames waiting for the socket; above this, reading stops; at twice as many the connection ends.
    public var outboundFramesMax = 2500
    /// Bytes that all streams of a connection may queue for sending; a stream that exceeds it is reset.
    public var queuedBytesMax = 64 << 20
    /// The same for all connections that share a workspace, that is, of one loop. 256 MiB: four connections at their
    /// limit.
    public var queuedBytesInAllMax = 256 << 20
    /// What a connection may queue even then, so that others still get responses. 1 MiB: far above one response of
    /// most services.
    public var queuedBytesShare = 1 << 20
    /// Streams reset by the peer (CVE-2023-44487). Each stream that ends regularly earns one.
    public var peerResets = Rate(burst: 500, perSecond: 50)
    /// Resets that the peer provoked, and invalid frames (CVE-2025-8671).
    public var glitches = Rate(burst: 200, perSecond: 20)
    /// DATA shorter than a message prefix and not the last (CVE-2019-9518, 9511).
    public var tinyDataFrames = Rate(burst: 1000, perSecond: 200)
    /// PING (CVE-2019-9512). Each DATA frame earns one, since bandwidth probes follow data.
    public var pings = Rate(burst: 500, perSecond: 50)
    public var settingsFrames = Rate(burst: 50, perSecond: 5)
    /// PRIORITY and PRIORITY_UPDATE (CVE-2019-9513), which are ignored here. Each stream earns two.
    public var priorityFrames = Rate(burst: 200, perSecond: 20)
    /// Each DATA frame we send earns ten, each stream two.
    public var windowUpdates = Rate(burst: 1000, perSecond: 200)
    /// Frames of unknown type, which must be ignored (RFC 9113 section 5.5).
    public var unknownFrames = Rate(burst: 100, perSecond: 10)

    public init() {}
}
