internal import CNghttp2

typealias CField = nghttp2_nv

/// What the callbacks recorded while nghttp2 ran; delivered to the streams afterwards.
enum ReceivedEvent {
    case headers(slot: Int32, block: Int32, endStream: Bool)
    case trailers(slot: Int32, block: Int32)
    /// Offset and count within the bytes being received.
    case data(slot: Int32, offset: Int32, count: Int32)
    case end(slot: Int32)
    case writable(slot: Int32)
    case closed(slot: Int32, code: UInt32)
    case settings
    case ping(payload: UInt64)
    case pingAcknowledged(payload: UInt64)
    case goAway(lastStreamID: Int32, code: UInt32)
}

/// Memory that the sessions of one thread use in turn: an idle connection keeps none of it.
///
/// A session fills it while nghttp2 runs and has emptied it before its `receive` or `nextOutput` returns.
///
/// - Isolation: not Sendable; one thread.
public final class HTTP2Workspace {
    /// Above this amount of decoded header text, nghttp2 pauses until the streams have processed it.
    static let headerBytesMax = 256 << 10

    struct Notes {
        var events = ContiguousArray<ReceivedEvent>()
        var headers = HeaderScratch()
        var debugData: [UInt8] = []
    }

    /// What callbacks write, at a separate address: a stored property of a class would be checked for overlapping
    /// access at every header field, a tenth of the cost of a small call. Callbacks do not nest, and nothing changes
    /// while a view is lent out.
    let notes: UnsafeMutablePointer<Notes>
    /// For nghttp2, at an address of its own as well.
    let memory: UnsafeMutablePointer<RecycledMemory>
    private var fields: UnsafeMutablePointer<CField>
    private var fieldCapacity = 64
    /// Bytes that all its sessions have queued for sending.
    var queuedByteCount = 0

    public init() {
        fields = .allocate(capacity: fieldCapacity)
        notes = .allocate(capacity: 1)
        notes.initialize(to: Notes())
        memory = .allocate(capacity: 1)
        memory.initialize(to: RecycledMemory())
    }

    deinit {
        fields.deallocate()
        notes.pointee.headers.deallocate()
        notes.deinitialize(count: 1)
        notes.deallocate()
        memory.pointee.freeAll()
        memory.deallocate()
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
