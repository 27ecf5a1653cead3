internal import Glibc

/// A file with two slots that are written in turn, so that a write interrupted by a power failure leaves the previous
/// one.
///
/// Cheaper than replacing a file: one write in place and one sync, without a change of names or blocks, so it also
/// works on a full disk. The slots are at least a sector apart.
///
/// Isolation: one thread at a time.
public struct SlotFile: ~Copyable {
    /// Maximum content of a slot in bytes.
    public static let bytesMax = 512
    private static let slotCount = 2

    private let file: Descriptor
    private var next = 0

    /// Creates the file (mode 0600) if missing, with both slots filled with blanks.
    public init(_ path: String) throws(FileFailure) {
        let blank = [UInt8](repeating: UInt8(ascii: " "), count: Self.bytesMax * Self.slotCount)
        try SmallFile.create(path, blank, .secret)
        file = try Descriptor(path, O_RDWR)
    }

    /// The contents of a file's slots, without trailing blanks; a slot never written is empty.
    ///
    /// - Returns: nil when the file does not exist.
    public static func contents(_ path: String) throws(FileFailure) -> [[UInt8]]? {
        guard let bytes = try SmallFile.readIfThere(path, bytesMax: bytesMax * slotCount, .secret) else { return nil }
        return (0..<slotCount).map { slot in
            let place = bytes.dropFirst(slot * bytesMax).prefix(bytesMax)
            let end = place.lastIndex { $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? place.startIndex
            return Array(place[..<end])
        }
    }

    /// Writes the slot that was not written last; on the device on return.
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
