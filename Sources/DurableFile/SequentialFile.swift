internal import Glibc

/// Reads a file of any length in parts, from the beginning.
///
/// Isolation: one thread at a time.
public struct SequentialFile: ~Copyable {
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var taken = 0
    private static let partBytes = 1024 * 1024

    private init(_ file: consuming Descriptor) { self.file = file }

    /// - Returns: nil when the file does not exist.
    public static func open(_ path: String) throws(FileFailure) -> SequentialFile? {
        do throws(FileFailure) { return SequentialFile(try Descriptor(path, O_RDONLY | O_NONBLOCK)) } catch {
            if error.problem == .missing { return nil }
            throw error
        }
    }

    /// - Returns: exactly `count` bytes; nil when fewer are left.
    public mutating func next(_ count: Int) throws(FileFailure) -> [UInt8]? {
        while buffer.count - taken < count {
            let part = try file.readPart(bytesMax: max(count, Self.partBytes))
            if part.isEmpty { return nil }
            buffer.removeFirst(taken)
            taken = 0
            buffer += part
        }
        defer { taken += count }
        return Array(buffer[taken..<taken + count])
    }
}
