internal import DurableFile

/// This module's files, with its error type.
enum KeyFile {
    static func read(
        _ path: String, bytesMax: Int, _ secrecy: SmallFile.Secrecy = .secret
    ) throws(KeySetError) -> [UInt8] {
        do throws(FileFailure) { return try SmallFile.read(path, bytesMax: bytesMax, secrecy) } catch {
            throw .file(error)
        }
    }

    /// Leaves an existing file alone.
    static func create(_ path: String, _ bytes: [UInt8]) throws(KeySetError) {
        do throws(FileFailure) { try SmallFile.create(path, bytes, .secret) } catch { throw .file(error) }
    }

    static func replace(_ path: String, _ bytes: [UInt8]) throws(KeySetError) {
        do throws(FileFailure) { try SmallFile.replace(path, bytes, .secret) } catch { throw .file(error) }
    }

    /// - Parameter expected: what the file should contain.
    static func malformed(_ path: String, _ expected: String) -> KeySetError {
        .file(FileFailure(path, .malformed(expected)))
    }
}
