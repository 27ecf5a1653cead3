internal import DurableFile
public import TelehealthRules

/// The daemon's own key for guests' grants and tokens: 32 random bytes as hex in a file that only the owner may read.
///
/// It is kept outside the database, so a copy of the database gives nobody access. A new key invalidates all existing
/// grants and tokens.
public enum GuestKeyFile {
    /// File name within the data directory, unless another is configured.
    public static let fileName = "guest-key"

    /// Reads the key; creates it at the first start.
    ///
    /// - Throws: ``KeySetError/file(_:)``: readable by others than its owner, or without a key.
    public static func key(path: String) throws(KeySetError) -> GuestKey {
        do throws(FileFailure) {
            let secret = try SecretFile.readOrMake(path)
            guard let key = GuestKey(bytes: secret) else {
                throw FileFailure(path, .malformed("a key of 64 hexadecimal digits"))
            }
            return key
        } catch {
            throw .file(error)
        }
    }
}
