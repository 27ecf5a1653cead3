internal import CNghttp2

/// Bytes of one stream waiting to be sent: appended at the end, taken from the front, in one contiguous area.
///
/// Empty queues keep at most `keptCapacityMax` bytes of memory, so that an idle stream costs little.
struct ByteQueue: ~Copyable {
    /// A drained area up to this size is kept for the next message.
    private static let keptCapacityMax = 256

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var head = 0
    private var tail = 0

    deinit { base?.deallocate() }

    var count: Int { tail - head }
    var isEmpty: Bool { tail == head }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if tail + bytes.count > capacity { makeRoom(for: bytes.count) }
        memcpy(base! + tail, source, bytes.count)
        tail += bytes.count
    }

    /// Moves at most `limit` bytes out.
    ///
    /// - Returns: how many.
    mutating func take(into target: UnsafeMutableRawPointer, limit: Int) -> Int {
        let taken = min(limit, count)
        guard taken > 0 else { return 0 }
        memcpy(target, base! + head, taken)
        head += taken
        if head == tail { drained() }
        return taken
    }

    mutating func removeAll() {
        head = tail
        drained()
    }

    private mutating func drained() {
        head = 0
        tail = 0
        if capacity > Self.keptCapacityMax {
            base?.deallocate()
            base = nil
            capacity = 0
        }
    }

    private mutating func makeRoom(for more: Int) {
        let waiting = count
        if waiting + more <= capacity, head >= capacity / 2 {
            memmove(base!, base! + head, waiting)
        } else {
            // Grows by doubling, from what is queued and not from what a peer announces.
            var larger = max(128, capacity)
            while larger < waiting + more { larger *= 2 }
            let area = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            if let base {
                memcpy(area, base + head, waiting)
                base.deallocate()
            }
            base = area
            capacity = larger
        }
        head = 0
        tail = waiting
    }
}
