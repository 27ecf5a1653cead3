/// How often each operation was called, and how it was answered.
struct OperationCounters: Sendable {
    private struct Counts {
        var requests = 0
        var succeeded = 0
        /// Answers by the exception's name, also ordered faults.
        var failures: [String: Int] = [:]
        /// Connections closed on order instead of an answer.
        var dropped = 0
    }

    enum Outcome {
        case succeeded
        case failed(String)
        case dropped
    }

    private var byOperation: [String: Counts] = [:]

    mutating func record(_ operation: String, _ outcome: Outcome) {
        byOperation[operation, default: Counts()].requests += 1
        switch outcome {
        case .succeeded: byOperation[operation]?.succeeded += 1
        case .failed(let exception): byOperation[operation]?.failures[exception, default: 0] += 1
        case .dropped: byOperation[operation]?.dropped += 1
        }
    }

    mutating func removeAll() { byOperation.removeAll() }

    var json: JSONValue {
        .object(
            byOperation.sorted { $0.key < $1.key }.map { name, counts in
                let failures = counts.failures.sorted { $0.key < $1.key }.map {
                    JSONValue.Member(name: $0.key, value: .integer(Int64($0.value)))
                }
                return JSONValue.Member(
                    name: name,
                    value: [
                        "requests": .integer(Int64(counts.requests)),
                        "succeeded": .integer(Int64(counts.succeeded)),
                        "dropped": .integer(Int64(counts.dropped)), "failures": .object(failures),
                    ])
            })
    }
}
