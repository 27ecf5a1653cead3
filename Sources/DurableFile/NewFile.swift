internal import Glibc

/// A file that is created here and written in parts, such as an export: only its owner may read it. It is not synced:
/// whoever made it can make it again.
///
/// Isolation: one thread at a time; every call blocks on the disk.
public final class NewFile: Sendable {
    private let file: Descriptor

    /// - Throws: ``FileFailure``, with the code `EEXIST` when something has that name.
    public init(_ path: String) throws(FileFailure) {
        file = try Descriptor(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    }

    /// - Throws: ``FileFailure``, for example on a full disk; then part of the bytes may be in the file.
    public func append(_ bytes: [UInt8]) throws(FileFailure) { try file.write(bytes) }
}
