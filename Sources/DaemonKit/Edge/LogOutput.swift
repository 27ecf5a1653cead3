internal import EventCore
internal import Glibc
internal import Logging
internal import Synchronization

/// Gathers log lines in memory and writes many at a time to a descriptor, on a thread of its own.
///
/// A caller pays for a copy and never waits for the log's reader. Lines are written in the order in which they were
/// appended: after ``gatherTime``, once ``batchBytes`` are gathered, at once when a line is urgent, and in ``flush()``
/// at the program's end. When the reader is too slow, lines above ``heldBytesMax`` are dropped and counted, and a line
/// with the count follows. A kill loses the last 10 ms of lines; what must not be lost is in the store.
///
/// Isolation: any.
final class LogOutput: Sendable {
    /// How long a line may wait: no time for a person who watches, a hundred lines at 10,000 calls a second.
    private static let gatherTime = Duration.milliseconds(10)
    /// Least size of a write under load: the whole buffer of a pipe.
    private static let batchBytes = 64 << 10
    /// A few seconds of lines at full load. With more waiting, the reader has stalled.
    private static let heldBytesMax = 4 << 20

    private struct Gathered {
        var lines: [UInt8] = []
        var isFlushOrdered = false
        var isFlushTimed = false
        var droppedLines = 0
    }

    private let gathered = Mutex(Gathered())
    /// Held while a batch is written, so that batches stay in order; the array is the previous batch's memory.
    private let writing = Mutex<[UInt8]>([])
    private let descriptor: Int32
    private let loop: EventLoop?

    /// When no thread can be started, each line is written by its caller.
    init(descriptor: Int32) {
        self.descriptor = descriptor
        do throws(SystemCallError) {
            let loop = try EventLoop(name: "log")
            try loop.start()
            self.loop = loop
        } catch {
            loop = nil
        }
    }

    /// - Parameter format: appends one line with its end; runs under the lock, so it must call no code from elsewhere.
    func append(urgent: Bool, _ format: (inout [UInt8]) -> Void) {
        enum Order { case none, soon, now }
        let order = gathered.withLock { gathered -> Order in
            guard gathered.lines.count < Self.heldBytesMax else {
                gathered.droppedLines += 1
                return .none
            }
            format(&gathered.lines)
            if urgent || gathered.lines.count >= Self.batchBytes {
                if gathered.isFlushOrdered { return .none }
                gathered.isFlushOrdered = true
                return .now
            }
            if gathered.isFlushTimed { return .none }
            gathered.isFlushTimed = true
            return .soon
        }
        guard let loop else { return flush() }
        switch order {
        case .none: break
        case .soon: loop.execute { _ = loop.schedule(at: loop.now + Self.gatherTime, self) }
        case .now: loop.execute { self.flush() }
        }
    }

    /// Writes the gathered lines; returns once the descriptor has taken them or failed for good.
    func flush() {
        writing.withLock { batch in
            let dropped = gathered.withLock { gathered in
                swap(&gathered.lines, &batch)
                defer { gathered.droppedLines = 0 }
                gathered.isFlushOrdered = false
                return gathered.droppedLines
            }
            if dropped > 0 {
                JSONLogHandler.format(
                    .warning, label: "log", message: "lines dropped: the log's reader is too slow",
                    fields: [("lines", String(dropped))], into: &batch)
            }
            write(batch)
            batch.removeAll(keepingCapacity: batch.capacity <= 2 * Self.batchBytes)
        }
    }

    private func write(_ batch: [UInt8]) {
        batch.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let written = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if written < 0, errno == EINTR { continue }
                // Another process that shares the descriptor may have made it non-blocking.
                if written < 0, errno == EAGAIN {
                    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    if poll(&room, 1, -1) > 0 || errno == EINTR { continue }
                }
                // Give up: nothing may wait for a log that cannot be written.
                if written <= 0 { return }
                offset += written
            }
        }
    }
}

extension LogOutput: TimerTarget {
    func timerFired(kind: Int, on loop: EventLoop) {
        gathered.withLock { $0.isFlushTimed = false }
        flush()
    }
}
