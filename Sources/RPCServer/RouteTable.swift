internal import RPCModel

/// Finds a route by the bytes of `:path`, without creating a String.
///
/// Open addressing in a power-of-two table that is at most half full. The keys are the program's own, so nobody can
/// choose colliding ones; a foreign path only probes.
struct RouteTable: Sendable {
    let routes: [ServerRoute]
    private let paths: [[UInt8]]
    /// Index into `routes` plus one; 0 is empty.
    private var slots: [UInt16]

    /// - Throws: ``ServerStartError/duplicateMethod(path:)``.
    init(_ routes: [ServerRoute]) throws(ServerStartError) {
        self.routes = routes
        paths = routes.map { [UInt8]($0.method.path.utf8) }
        var size = 16
        while size < routes.count * 2 { size *= 2 }
        slots = [UInt16](repeating: 0, count: size)
        for (index, path) in paths.enumerated() {
            let slot = path.withUnsafeBytes { findSlot($0) }
            guard slots[slot] == 0 else { throw .duplicateMethod(path: routes[index].method.path) }
            slots[slot] = UInt16(index + 1)
        }
    }

    /// - Returns: the index of the route, `nil` when no method has that path (case matters).
    func index(ofPath path: UnsafeRawBufferPointer) -> Int? {
        let found = slots[findSlot(path)]
        return found == 0 ? nil : Int(found) - 1
    }

    private func findSlot(_ path: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(path) & mask
        while slots[slot] != 0 {
            let candidate = paths[Int(slots[slot]) - 1]
            if candidate.count == path.count, candidate.withUnsafeBytes({ Self.areEqual($0, path) }) { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    /// Compares two texts of equal length, eight bytes at a time.
    private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset + 8 <= left.count {
            if left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        while offset < left.count {
            if left[offset] != right[offset] { return false }
            offset += 1
        }
        return true
    }

    /// Multiply and fold, eight bytes at a time.
    private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
        var state: UInt64 = UInt64(path.count) &* 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while offset + 8 <= path.count {
            state =
                (state ^ path.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0xFF51_AFD7_ED55_8CCD
            state ^= state >> 32
            offset += 8
        }
        while offset < path.count {
            state = (state ^ UInt64(path[offset])) &* 0x100_0000_01B3
            offset += 1
        }
        return Int(truncatingIfNeeded: state ^ state >> 29)
    }
}
