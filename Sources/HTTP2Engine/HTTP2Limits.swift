/// Every number that bounds what a peer can make one connection do, with the reason for its default.
///
/// Rates are token buckets: `burst` at once, then `perSecond`. What honest traffic earns is added, so that
/// the limits bite on frames without work, not on busy connections. Exceeding one ends the connection with
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

    /// Streams the peer may have open. 128: enough to fill a core from one connection, and little enough that
    /// a handler bound above it means something. Advertised in SETTINGS.
    public var concurrentStreamsMax: UInt32 = 128
    /// Bytes the peer may send on one stream before it is consumed. 1 MiB: a large unary message moves at
    /// line rate over 10 ms of round trip at 100 MB/s.
    public var streamWindowBytes: Int32 = 1 << 20
    /// The same for the connection: 8 streams may stand full before the others wait.
    public var connectionWindowBytes: Int32 = 8 << 20
    /// Fields of one header block. gRPC calls have 8 to 20; thousands of 1-byte references are an attack
    /// (CVE-2026-49975).
    public var headerFieldsMax = 128
    /// Sum of name + value + 32 of one header block (RFC 9113 section 10.5.1). gRPC suggests 8 KiB; tokens
    /// need some more.
    public var headerListBytesMax = 16 << 10
    /// A block this many times over either limit ends the connection, less only marks the block.
    public var headerExcessFactorMax = 4
    /// CONTINUATION frames of one block (CVE-2024-28182).
    public var continuationsMax = 8
    /// Responses with a status of 1xx, for each open stream, before a real one of any. Servers send one or two; a
    /// client that takes any number waits for ever on a server that sends nothing else.
    public var informationalHeadsMax = 10
    /// PING and SETTINGS acknowledgements waiting to be written (CVE-2019-9512, 9515).
    public var queuedAcksMax = 1000
    /// Entries of one SETTINGS frame.
    public var settingsEntriesMax = 32
    /// Frames of ours waiting for the socket; above it reading stops, at twice as many the connection ends.
    public var outboundFramesMax = 2500
    /// Bytes that all streams of a connection may queue for sending before a stream that adds more is reset.
    public var queuedBytesMax = 64 << 20
    /// The same for all connections that share a workspace, which are those of a loop: many slow readers would
    /// fill what each may. 256 MiB: four connections that take all they may.
    public var queuedBytesInAllMax = 256 << 20
    /// What a connection may queue even then, so that others are answered meanwhile. 1 MiB: far above one answer
    /// of most services.
    public var queuedBytesShare = 1 << 20
    /// Streams reset by the peer (CVE-2023-44487). Each stream that ends in order earns one.
    public var peerResets = Rate(burst: 500, perSecond: 50)
    /// Resets the peer provoked, and frames that are invalid (CVE-2025-8671).
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
