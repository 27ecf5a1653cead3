internal import CLinux
internal import Glibc

/// Returns memory to the system that only a burst of work needed, when the process has become idle.
///
/// Otherwise the process keeps the heap's free pages, and the kernel counts every page of code that the start ran
/// once. Both return when needed: the former at the cost of a page fault, the latter of one that finds the page in
/// the file cache. Nothing is returned during work, because both take time (and the heap's locks).
///
/// Isolation: one task.
public struct HeapTrimmer: Sendable {
    /// Interval between two readings of ``cpuTime``.
    public static let look = Duration.milliseconds(250)
    /// CPU time of all threads in one interval: at or above this the process is working, below it is idle.
    static let working = Duration.milliseconds(25)
    static let resting = Duration.milliseconds(5)

    private var isBehindWork = true
    private var isBehindStart = true
    private var before: Duration

    public enum Step: Sendable, Hashable {
        case wait
        case giveBackHeap
        /// The first idle interval: the start is over.
        case giveBackHeapAndCode
    }

    /// - Parameter cpuTime: of the process, so far.
    public init(cpuTime: Duration = HeapTrimmer.cpuTime) { before = cpuTime }

    /// What to do now; call it every ``look``.
    public mutating func next(cpuTime: Duration = HeapTrimmer.cpuTime) -> Step {
        let spent = cpuTime - before
        before = cpuTime
        if spent >= Self.working { isBehindWork = true }
        guard isBehindWork, spent <= Self.resting else { return .wait }
        defer {
            isBehindWork = false
            isBehindStart = false
        }
        return isBehindStart ? .giveBackHeapAndCode : .giveBackHeap
    }

    /// CPU time of all threads since the process began.
    public static var cpuTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    public static func take(_ step: Step) {
        switch step {
        case .wait: return
        case .giveBackHeap: telehealth_give_back_heap()
        case .giveBackHeapAndCode:
            telehealth_give_back_heap()
            giveBackCode()
        }
    }

    /// Pages of code are never written: the kernel may drop them, and reads them again from the file.
    private static func giveBackCode() {
        guard let file = fopen("/proc/self/maps", "re") else { return }
        defer { fclose(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            text += buffer[..<count]
        }
        for range in codeRanges(maps: String(decoding: text, as: UTF8.self)) {
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// Where files are mapped as executable and not writable.
    ///
    /// - Spec: proc(5), `/proc/pid/maps`: address range, permissions, offset, device, inode, path.
    static func codeRanges(maps: String) -> [Range<UInt>] {
        maps.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).first == "/"
            else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1] else { return nil }
            return ends[0]..<ends[1]
        }
    }
}
