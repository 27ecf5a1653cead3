import CFaultVFS
import Foundation
import StorageSQLite
import Synchronization

/// One instance of the C layer, registered under a name of its own.
final class FaultVFS: @unchecked Sendable {
    // The pointer never changes; what is behind it has a lock.
    private let vfs: OpaquePointer
    let name: String

    enum Image: Int32, CaseIterable, Sendable {
        case dropped = 0
        case torn = 1
        case kept = 2
    }

    enum Call: Int32, CaseIterable, Sendable {
        case open = 1
        case read = 2
        case write = 4
        case truncate = 8
        case sync = 16

        /// What SQLite's own layer returns when such a call fails.
        var code: Int32 {
            switch self {
            case .open: 14
            case .read: 10 | (1 << 8)
            case .write: 10 | (3 << 8)
            case .truncate: 10 | (6 << 8)
            case .sync: 10 | (4 << 8)
            }
        }
    }

    init() {
        name = "fault-" + UUID().uuidString
        guard let vfs = fault_vfs_create(name, "unix-excl") else { preconditionFailure("no unix-excl layer") }
        self.vfs = vfs
    }

    /// Every file must be closed by now.
    func destroy() { fault_vfs_destroy(vfs) }

    func fail(_ call: Call, nth: Int, persistently: Bool, code: Int32? = nil, short: Bool = false) {
        fault_vfs_fail(vfs, call.rawValue, Int64(nth), persistently ? 1 : 0, code ?? call.code, short ? 1 : 0)
    }

    func heal() { fault_vfs_heal(vfs) }
    func cut(atChange nth: Int) { fault_vfs_cut_at(vfs, Int64(nth)) }
    var failures: Int { Int(fault_vfs_failures(vfs)) }
    var changes: Int { Int(fault_vfs_changes(vfs)) }
    var isCut: Bool { fault_vfs_is_cut(vfs) != 0 }

    func writeImage(to directory: String, _ image: Image, seed: UInt64) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let code = fault_vfs_write_image(vfs, directory, image.rawValue, seed)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
    }
}

/// splitmix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
