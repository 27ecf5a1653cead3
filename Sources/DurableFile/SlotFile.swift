internal import Glibc

/// A file of two places that are written in turn, so that a write cut by a power failure leaves the one before it.
///
/// Cheaper than replacing a file: one write in place and one sync, no name and no block changes, so it also works on a
/// full disk. Places are a sector apart at least.
///
/// Isolation: one thread at a time.
public struct SlotFile: ~Copyable {
    /// The longest content of a place, bytes.
    public static let bytesMax = 512
    private static let slotCount = 2

    private let file: Descriptor
    private var next = 0

    /// Makes the file (mode 0600) with both places filled by blanks when it is not there.
    public init(_ path: String) throws(FileFailure) {
        let blank = [UInt8](repeating: UInt8(ascii: " "), count: Self.bytesMax * Self.slotCount)
        try SmallFile.create(path, blank, .secret)
        file = try Descriptor(path, O_RDWR)
    }

    /// What the places of a file hold, without the blanks at their ends; a place never written is empty.
    ///
    /// - Returns: nil when there is no file.
    public static func contents(_ path: String) throws(FileFailure) -> [[UInt8]]? {
        guard let bytes = try SmallFile.readIfThere(path, bytesMax: bytesMax * slotCount, .secret) else { return nil }
        return (0..<slotCount).map { slot in
            let place = bytes.dropFirst(slot * bytesMax).prefix(bytesMax)
            let end = place.lastIndex { $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? place.startIndex
            return Array(place[..<end])
        }
    }

    /// Writes the place that was not written last; on the device when this returns.
    public mutating func write(_ content: [UInt8]) throws(FileFailure) {
        precondition(content.count <= Self.bytesMax, "a slot holds \(Self.bytesMax) bytes")
        let place = content + [UInt8](repeating: UInt8(ascii: " "), count: Self.bytesMax - content.count)
        let offset = off_t(next * Self.bytesMax)
        let count = place.withUnsafeBytes { pwrite(file.number, $0.baseAddress, $0.count, offset) }
        guard count == place.count else { throw .ofLastCall(file.path, "write") }
        guard fdatasync(file.number) == 0 else { throw .ofLastCall(file.path, "fdatasync") }
        next = (next + 1) % Self.slotCount
    }
}
