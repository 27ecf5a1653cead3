import InteropMessages
import ProtobufWire
import RPCClient
import RPCModel

// Many calls, one after another.
extension InteropCalls {
    /// - Parameter freshChannels: a new connection for every call.
    func soak(_ options: SoakOptions, freshChannels: Bool) async throws {
        let giveUp = ContinuousClock.now + .seconds(options.overallTimeoutSeconds)
        let threads = max(1, options.threadCount)
        let counts = try await withThrowingTaskGroup(of: (done: Int, failed: Int).self) { group in
            for thread in 0..<threads {
                let share = options.iterations / threads + (thread < options.iterations % threads ? 1 : 0)
                group.addTask {
                    try await soak(options, iterations: share, freshChannels: freshChannels, until: giveUp)
                }
            }
            return try await group.reduce(into: (done: 0, failed: 0)) { sum, part in
                sum.done += part.done
                sum.failed += part.failed
            }
        }
        try expect(
            counts.done == options.iterations,
            "\(counts.done) of \(options.iterations) calls before the timeout")
        try expect(counts.failed <= options.maxFailures, "\(counts.failed) calls failed")
    }

    private func soak(
        _ options: SoakOptions, iterations: Int, freshChannels: Bool, until end: ContinuousClock.Instant
    ) async throws -> (done: Int, failed: Int) {
        var failed = 0
        for index in 0..<iterations {
            let began = ContinuousClock.now
            guard began < end else { return (index, failed) }
            var outcome = "succeeded"
            do {
                if freshChannels {
                    let fresh = try InteropCalls(target: target, configuration: configuration)
                    try await fresh.soakOnce(options)
                    await fresh.channel.shutdown()
                } else {
                    try await soakOnce(options)
                }
            } catch {
                outcome = "failed: \(error)"
            }
            let elapsed = (ContinuousClock.now - began).milliseconds
            if outcome == "succeeded", elapsed > options.maxLatencyMilliseconds {
                outcome = "failed: too slow"
            }
            if outcome != "succeeded" { failed += 1 }
            print("soak iteration: \(index) elapsed_ms: \(elapsed) peer: \(target) \(outcome)")
            try await Task.sleep(until: began + .milliseconds(options.minMillisecondsBetweenCalls))
        }
        return (iterations, failed)
    }

    private func soakOnce(_ options: SoakOptions) async throws {
        let request = SimpleRequest.with {
            $0.responseSize = Int32(clamping: options.responseSize)
            $0.payload = .zeros(options.requestSize)
        }
        let answer = try await unary(Methods.unaryCall, request, as: SimpleResponse.self)
        try expect(answer.message.payload?.body, size: options.responseSize)
    }

    func longLivedChannel(_ options: SoakOptions) async throws {
        for index in 0..<options.iterations {
            if index > 0 { try await Task.sleep(for: .seconds(options.secondsBetweenIterations)) }
            try await largeUnary()
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
