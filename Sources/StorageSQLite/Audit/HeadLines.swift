internal import DurableFile
internal import TelehealthCore

/// The text file that heads are kept in: a line each, appended.
enum HeadLines {
    /// Some 400 bytes a head: a million of them, ten years of one each five minutes.
    static let fileBytesMax = 512 * 1024 * 1024

    /// - Returns: every line that is a head, in the file's order; nil without a file. Lines that are none were cut by
    ///   a power failure or written by somebody else: neither says anything.
    static func read(_ path: String) throws(FileFailure) -> [AuditHead]? {
        try SmallFile.readIfThere(path, bytesMax: fileBytesMax, .open).map(heads)
    }

    static func heads(_ bytes: [UInt8]) -> [AuditHead] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { AuditHead(line: $0) }
    }
}
