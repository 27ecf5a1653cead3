internal import Glibc

/// This process's memory as the kernel counts it.
enum ProcessMemory {
    /// Resident bytes, from /proc/self/statm, whose second field is in pages; 0 when it cannot be read.
    static var residentByteCount: Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 128)
        let count = fread(&line, 1, line.count, file)
        let fields = String(decoding: line[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
