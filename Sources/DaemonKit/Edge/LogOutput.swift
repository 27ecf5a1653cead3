internal import EventCore
internal import Glibc
internal import Logging
internal import Synchronization

/// Lines of log on their way to a descriptor: gathered in memory and written many at a time, by a thread of
/// their own.
///
/// A caller pays for a copy and never waits for whoever reads the log. Lines leave in the order in which they
/// were appended: after ``gatherTime``, when ``batchBytes`` have come together, at once when one is urgent,
/// and at ``flush()``, which ends the program. When the reader does not keep up, lines above ``heldBytesMax``
/// are dropped and counted, and the count is the next line. A kill loses the lines of the last moment; what
/// must not be lost is in the store.
///
/// Isolation: any.
final class LogOutput: Sendable {
    /// How long a line may wait: a moment for a human who watches, a hundred lines at 10,000 calls a second.
    private static let gatherTime = Duration.milliseconds(10)
    /// What a write should carry at least under load; a pipe's whole buffer.
    private static let batchBytes = 64 << 10
    /// Some seconds of lines at full load. Above it the reader has stalled.
    private static let heldBytesMax = 4 << 20

    private struct Gathered {
        var lines: [UInt8] = []
        var isFlushOrdered = false
        var isFlushTimed = false
        var droppedLines = 0
    }

    private let gathered = Mutex(Gathered())
    /// Held while a batch is written, so that batches do not overtake each other; the array is the memory of
    /// the batch before.
    private let writing = Mutex<[UInt8]>([])
    private let descriptor: Int32
    private let loop: EventLoop?

    /// Without a thread to be had, each line is written by its caller.
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

    /// - Parameter format: appends one line with its end; runs under the lock, so it calls nothing foreign.
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

    /// Writes what was gathered; returns when the descriptor took it or refused it for good.
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
                    .warning, label: "log", message: "lines dropped: nobody reads fast enough",
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
                // Whoever made the descriptor may have made it non-blocking, for all that share it.
                if written < 0, errno == EAGAIN {
                    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    if poll(&room, 1, -1) > 0 || errno == EINTR { continue }
                }
                // A log that cannot be written is given up: nothing may wait for it.
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
