/// A growable, contiguous run of bytes with a single owner, for encoders and sockets.
///
/// The buffer is not copyable, so appending needs no reference count and no uniqueness check. Memory grows
/// geometrically with the appended bytes and is released by `deinit` or ``removeAll(keepingCapacity:)``.
///
/// - Isolation: any, one user at a time (enforced by the compiler: a unique owner, mutated only through `inout`).
@safe
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    // Sendable without a lock: the value is the only owner of `storage`, and moving it moves the ownership.

    /// First allocation, bytes: a unary reply of ordinary size fits without growing.
    @usableFromInline static var smallestAllocation: Int { 256 }

    @usableFromInline var storage: UnsafeMutableRawPointer?
    @usableFromInline var storedCount: Int
    @usableFromInline var allocated: Int
    /// False while `storage` is someone else's stack memory.
    @usableFromInline var ownsStorage = true

    /// An empty buffer that can take `minimumCapacity` bytes before it allocates again.
    public init(minimumCapacity: Int = 0) {
        unsafe storage = nil
        storedCount = 0
        allocated = 0
        if minimumCapacity > 0 { grow(by: minimumCapacity) }
    }

    /// An empty buffer in the caller's memory, which must outlive it; what does not fit moves to its own memory.
    private init(lent room: UnsafeMutableRawBufferPointer) {
        unsafe storage = room.baseAddress
        storedCount = 0
        allocated = room.count
        ownsStorage = false
    }

    deinit {
        if ownsStorage { unsafe storage?.deallocate() }
    }

    /// Stack memory lent to an encoding whose bytes are copied at once; Swift allocates more than this on the heap.
    private static var lentByteCount: Int { 1024 }

    /// The bytes that `fill` appends to an empty buffer.
    @usableFromInline
    static func bytes(_ fill: (inout ByteBuffer) -> Void) -> [UInt8] {
        unsafe withUnsafeTemporaryAllocation(byteCount: lentByteCount, alignment: 16) { room in
            var buffer = unsafe ByteBuffer(lent: room)
            fill(&buffer)
            return [UInt8](buffer)
        }
    }

    /// Bytes held.
    @inlinable public var count: Int { storedCount }
    /// Bytes the present allocation can hold.
    @inlinable public var capacity: Int { allocated }
    /// True when no byte is held.
    @inlinable public var isEmpty: Bool { storedCount == 0 }

    /// Makes room for `byteCount` more bytes.
    @inlinable @inline(__always)
    public mutating func reserve(_ byteCount: Int) {
        if allocated &- storedCount < byteCount { grow(by: byteCount) }
    }

    /// Appends one byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe tail.storeBytes(of: byte, as: UInt8.self)
        storedCount &+= 1
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
        reserve(bytes.count)
        unsafe tail.copyMemory(from: source, byteCount: bytes.count)
        storedCount &+= bytes.count
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public mutating func append(_ bytes: borrowing Span<UInt8>) {
        let count = bytes.count
        reserve(count)
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe tail.copyMemory(from: base, byteCount: count)
        }
        storedCount &+= count
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public mutating func append(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    /// Appends four bytes, most significant first.
    @inlinable
    public mutating func appendBigEndian(_ value: UInt32) {
        reserve(4)
        unsafe tail.storeBytes(of: value.bigEndian, as: UInt32.self)
        storedCount &+= 4
    }

    /// Overwrites the four bytes at `offset`, most significant first (for a length that is known only later).
    @inlinable
    public mutating func patchBigEndian(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset &+ 4 <= storedCount, "patch outside the held bytes")
        unsafe storage.unsafelyUnwrapped.storeBytes(
            of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Lets `body` fill up to `maximumCount` new bytes after the existing ones and keeps as many as it reports.
    ///
    /// - Parameter body: gets exactly `maximumCount` uninitialized bytes; returns how many it wrote from the front.
    /// - Parameter maximumCount: an upper bound of the bytes that `body` may write.
    /// - Returns: what `body` returned.
    @discardableResult
    public mutating func appendUninitialized<Failure: Error>(
        maximumCount: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        reserve(maximumCount)
        let room = unsafe UnsafeMutableRawBufferPointer(
            start: maximumCount == 0 ? nil : tail, count: maximumCount)
        let written = try unsafe body(room)
        precondition(written >= 0 && written <= maximumCount, "more bytes reported than there was room for")
        storedCount &+= written
        return written
    }

    /// The byte at `offset`.
    @inlinable
    public subscript(offset: Int) -> UInt8 {
        get {
            precondition(offset >= 0 && offset < storedCount, "offset outside the held bytes")
            return unsafe storage.unsafelyUnwrapped.load(fromByteOffset: offset, as: UInt8.self)
        }
        set {
            precondition(offset >= 0 && offset < storedCount, "offset outside the held bytes")
            unsafe storage.unsafelyUnwrapped.storeBytes(of: newValue, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// Scoped access to the held bytes; the pointer is valid inside `body` only.
    @inlinable
    public func withUnsafeBytes<Failure: Error, Result: ~Copyable>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(start: storage, count: storedCount))
    }

    /// Removes everything after the first `newCount` bytes; a count larger than the content is a programming error.
    @inlinable
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= storedCount, "cannot truncate to more bytes than are held")
        storedCount = newCount
    }

    /// Drops the first `byteCount` bytes and moves the rest to the front. O(bytes left).
    public mutating func removeFirst(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= storedCount, "cannot remove more bytes than are held")
        guard byteCount > 0, let base = unsafe storage else { return }
        let left = storedCount - byteCount
        unsafe base.copyMemory(from: base + byteCount, byteCount: left)
        storedCount = left
    }

    /// Removes all bytes. Without `keepingCapacity` the memory is released.
    public mutating func removeAll(keepingCapacity: Bool = true) {
        storedCount = 0
        guard !keepingCapacity else { return }
        if ownsStorage { unsafe storage?.deallocate() }
        ownsStorage = true
        unsafe storage = nil
        allocated = 0
    }

    /// Where the next byte goes; only after ``reserve(_:)``, which makes `storage` non-nil.
    @inlinable @inline(__always)
    var tail: UnsafeMutableRawPointer {
        unsafe storage.unsafelyUnwrapped + storedCount
    }

    @usableFromInline @inline(never)
    mutating func grow(by byteCount: Int) {
        let needed = storedCount + max(byteCount, 1)
        // Grows in larger steps while small: at most a page is copied then.
        let wider = max(needed, allocated < 4096 ? allocated * 4 : allocated * 2, Self.smallestAllocation)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: wider, alignment: 16)
        if let old = unsafe storage {
            unsafe grown.copyMemory(from: old, byteCount: storedCount)
            if ownsStorage { unsafe old.deallocate() }
        }
        ownsStorage = true
        unsafe storage = grown
        allocated = wider
    }
}

extension [UInt8] {
    /// A copy of the buffer's bytes.
    public init(_ buffer: borrowing ByteBuffer) {
        self = unsafe buffer.withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
