package import DurableFile
internal import TextFormats

/// A secret of 32 bytes in a file of its own: 64 hexadecimal digits and a line break, mode 0600.
package enum SecretFile {
    private static let byteCount = 32
    private static let fileBytesMax = 256

    /// - Returns: nil when there is no such file.
    package static func read(_ path: String) throws(FileFailure) -> [UInt8]? {
        guard let text = try SmallFile.readIfThere(path, bytesMax: fileBytesMax, .secret) else { return nil }
        guard let bytes = Hex.decode(String(decoding: text, as: UTF8.self).prefix { $0 != "\n" }),
            bytes.count == byteCount
        else { throw FileFailure(path, .malformed("a key of 64 hexadecimal digits")) }
        return bytes
    }

    /// Reads the secret, and makes the file and its folder (mode 0700) first where there is none.
    package static func readOrMake(_ path: String, fresh: () -> [UInt8]) throws(FileFailure) -> [UInt8] {
        if let bytes = try read(path) { return bytes }
        try Folder.makeAll(Folder.parent(of: path))
        try SmallFile.create(path, Array((Hex.encode(fresh()) + "\n").utf8), .secret)
        guard let bytes = try read(path) else { throw FileFailure(path, .missing) }
        return bytes
    }
}
