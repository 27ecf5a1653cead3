// Prints what reads and writes of the store cost: CPU of the whole process, callers included.
//
// Machine and load matter much: compare runs that follow each other.
//
//     store-bench [directory] [sessions] [callers]
import Glibc
import ProgramEdge
internal import Storage
import StorageSQLite
import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// Numbers requests in the order in which they are made, as their time-ordered ids do.
private let calls = Atomic<Int>(0)

@main struct StoreBench {
    private static let usage = """
        Measures reads and writes of the store.

        usage: store-bench [DIRECTORY [SESSIONS [CALLERS]]]    default: a new folder under /tmp, 20000, 200

        """

    private static func leave(over word: String) -> Never {
        if word == "--help" || word == "-h" {
            print(usage, terminator: "")
            exit(0)
        }
        let complaint = Array("store-bench: unknown argument \(word)\n\n\(usage)".utf8)
        write(2, complaint, complaint.count)
        exit(2)
    }

    private static func count(_ word: String) -> Int {
        guard let count = Int(word), (1...10_000_000).contains(count) else { leave(over: word) }
        return count
    }

    static func main() async throws {
        Program.begin()
        let arguments = CommandLine.arguments
        if let word = arguments.dropFirst().first(where: { $0.hasPrefix("-") }) { leave(over: word) }
        let directory = arguments.count > 1 ? arguments[1] : "/tmp/store-bench-\(getpid())"
        let sessions = arguments.count > 2 ? count(arguments[2]) : 20_000
        let callers = arguments.count > 3 ? count(arguments[3]) : 200
        print("directory \(directory), \(sessions) sessions, \(callers) callers")
        let store = try SQLiteStore.open(directory: directory)
        try await fill(store, sessions)
        try await reads(store, sessions)
        for round in 1...3 { try await joins(store, sessions: sessions, callers: callers, round: round) }
        print(store.statistics)
        await store.close()
        try await coldReads(directory, sessions)
    }

    private static func fill(_ store: SQLiteStore, _ sessions: Int) async throws {
        let usage = Usage()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in stride(from: 0, to: sessions, by: 50) {
                group.addTask {
                    for index in start..<min(start + 50, sessions) {
                        guard try await store.apply(Visit.creation(index)) == .committed else {
                            throw BenchFailure()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        usage.print("create session", sessions)
    }

    private static func reads(_ store: SQLiteStore, _ sessions: Int) async throws {
        let count = 200_000
        _ = try await store.session(Visit.sessionID(sessions - 1))
        var usage = Usage()
        for _ in 0..<count { _ = try await store.session(Visit.sessionID(sessions - 1))!.participants.count }
        usage.print("session(id), cached", count)
        usage = Usage()
        for index in 0..<count {
            _ = try await store.request(
                .init(subject: "client-\(index)", method: "JoinSession", requestID: Visit.uuid(index, 7)))
        }
        usage.print("request(key), absent", count)
    }

    private static func coldReads(_ directory: String, _ sessions: Int) async throws {
        var configuration = StoreConfiguration()
        configuration.cachedSessionsMax = 1
        let store = try SQLiteStore.open(directory: directory, configuration: configuration)
        let count = 50_000
        let usage = Usage()
        for index in 0..<count {
            _ = try await store.session(Visit.sessionID(sessions - 1 - index % 500))!.participants.count
        }
        usage.print("session(id), from the database", count)
        await store.close()
    }

    private static func joins(_ store: SQLiteStore, sessions: Int, callers: Int, round: Int) async throws {
        let perCaller = 40_000 / callers
        let before = store.statistics
        let usage = Usage()
        let latencies = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var latencies: [UInt64] = []
                    for call in 0..<perCaller {
                        let index = (caller * 7919 + call * callers) % sessions
                        let start = Usage.wall()
                        while true {
                            guard let state = try await store.session(Visit.sessionID(index)) else {
                                throw BenchFailure()
                            }
                            let decision = Visit.join(
                                state, index, call: calls.wrappingAdd(1, ordering: .relaxed).newValue)
                            switch try await store.apply(decision) {
                            case .committed: break
                            case .conflict: continue
                            case .requestExists: throw BenchFailure()
                            }
                            break
                        }
                        latencies.append(Usage.wall() - start)
                    }
                    return latencies
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
        let after = store.statistics
        let commits = after.commits - before.commits
        usage.print("join of a waiting client, durable", latencies.count)
        print(
            "    \(commits) commits, \(latencies.count / max(commits, 1)) joins per commit, p50",
            latencies[latencies.count / 2] / 1000, "us, p99", latencies[latencies.count * 99 / 100] / 1000,
            "us,",
            "COMMIT \(Int(after.commitNanoseconds - before.commitNanoseconds) / 1000 / max(commits, 1)) us,",
            "\(after.checkpoints - before.checkpoints) checkpoints of",
            Int(after.checkpointNanoseconds - before.checkpointNanoseconds) / 1000
                / max(after.checkpoints - before.checkpoints, 1), "us, at most",
            after.checkpointNanosecondsMax / 1000, "us")
    }
}

struct BenchFailure: Error {}

/// CPU and wall time since its making.
struct Usage {
    private let startCPU = Usage.cpu()
    private let startWall = Usage.wall()

    static func cpu() -> UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }
    static func wall() -> UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    func print(_ name: String, _ count: Int) {
        let cpu = Double(Usage.cpu() - startCPU) / 1000 / Double(count)
        let wall = Double(Usage.wall() - startWall) / 1e9
        let rounded = (cpu * 100).rounded() / 100
        Swift.print("\(name): \(rounded) us CPU each, \(Int(Double(count) / wall)) per second")
    }
}
