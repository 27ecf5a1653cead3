internal import CNghttp2

typealias CField = nghttp2_nv

/// What the callbacks noted while nghttp2 ran; handed to the streams afterwards.
enum ReceivedEvent {
    case headers(slot: Int32, block: Int32, endStream: Bool)
    case trailers(slot: Int32, block: Int32)
    /// Offset and count in the bytes being received.
    case data(slot: Int32, offset: Int32, count: Int32)
    case end(slot: Int32)
    case writable(slot: Int32)
    case closed(slot: Int32, code: UInt32)
    case settings
    case ping(payload: UInt64)
    case pingAcknowledged(payload: UInt64)
    case goAway(lastStreamID: Int32, code: UInt32)
}

/// Memory that the sessions of one thread take turns to use: an idle connection keeps none of it.
///
/// A session fills it while nghttp2 runs and has emptied it before its `receive` or `nextOutput` returns.
///
/// - Isolation: not Sendable; one thread.
public final class HTTP2Workspace {
    /// Above this much decoded header text, nghttp2 is paused until the streams have seen what there is.
    static let headerBytesMax = 256 << 10

    struct Notes {
        var events = ContiguousArray<ReceivedEvent>()
        var headers = HeaderScratch()
        var debugData: [UInt8] = []
    }

    /// What callbacks write, at an address of its own: a stored property of a class would be checked for
    /// overlapping access at every field of every header block, a tenth of a small call. Callbacks do not nest,
    /// and nothing is changed while a view of it is lent out.
    let notes: UnsafeMutablePointer<Notes>
    private var fields: UnsafeMutablePointer<CField>
    private var fieldCapacity = 64
    /// Bytes that all its sessions have queued for sending.
    var queuedByteCount = 0

    public init() {
        fields = .allocate(capacity: fieldCapacity)
        notes = .allocate(capacity: 1)
        notes.initialize(to: Notes())
    }

    deinit {
        fields.deallocate()
        notes.pointee.headers.deallocate()
        notes.deinitialize(count: 1)
        notes.deallocate()
    }

    func fields(count: Int) -> UnsafeMutablePointer<CField> {
        if count > fieldCapacity {
            fields.deallocate()
            fieldCapacity = count
            fields = .allocate(capacity: count)
        }
        return fields
    }
}
