package import AuditChain
package import DurableFile

/// The text file that heads are kept in: a line each, appended.
package enum HeadLines {
    /// Some 400 bytes a head: a million of them, ten years of one each five minutes.
    package static let fileBytesMax = 512 * 1024 * 1024

    /// What a file says.
    package struct Content {
        /// In the file's order.
        package var heads: [AuditHead] = []
        /// Numbers of the lines, from 1, that are not heads: damaged, or not written by this service. Text after
        /// the last line break was cut off by a power failure and is ignored.
        package var damagedLines: [Int] = []
    }

    /// - Returns: nil without a file.
    package static func read(_ path: String) throws(FileFailure) -> Content? {
        guard let bytes = try SmallFile.readIfThere(path, bytesMax: fileBytesMax, .open) else { return nil }
        var content = Content()
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast().enumerated()
        {
            if let head = AuditHead(line: String(decoding: line, as: UTF8.self)) {
                content.heads.append(head)
            } else {
                content.damagedLines.append(index + 1)
            }
        }
        return content
    }
}
