internal import TextFormats

/// A secret of 32 bytes in a file of its own: 64 hexadecimal digits and a line break, mode 0600.
///
/// Digits of either case are read, also with blanks before them and anything on later lines: people make such files
/// with other tools.
public enum SecretFile {
    private static let byteCount = 32
    private static let fileBytesMax = 256

    /// - Returns: nil when there is no such file.
    public static func read(_ path: String) throws(FileFailure) -> [UInt8]? {
        guard let text = try SmallFile.readIfThere(path, bytesMax: fileBytesMax, .secret) else { return nil }
        let word = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace).first ?? ""
        guard let bytes = Hex.decode(word.lowercased()), bytes.count == byteCount
        else { throw FileFailure(path, .malformed("a key of 64 hexadecimal digits")) }
        return bytes
    }

    /// Reads the secret, and makes the file and its folder (mode 0700) first where there is none.
    ///
    /// - Parameter fresh: makes 32 bytes; the default takes them from the system's random source.
    public static func readOrMake(
        _ path: String, fresh: () -> [UInt8] = SecretFile.randomBytes
    ) throws(FileFailure) -> [UInt8] {
        if let bytes = try read(path) { return bytes }
        try Folder.makeAll(Folder.parent(of: path))
        try SmallFile.create(path, fileBytes(fresh()), .secret)
        guard let bytes = try read(path) else { throw FileFailure(path, .missing) }
        return bytes
    }

    /// Replaces the secret, durable on return.
    public static func replace(_ path: String, _ secret: [UInt8]) throws(FileFailure) {
        try SmallFile.replace(path, fileBytes(secret), .secret)
    }

    public static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private static func fileBytes(_ secret: [UInt8]) -> [UInt8] { Array((Hex.encode(secret) + "\n").utf8) }
}
