internal import FoundationEssentials
internal import RPCClient
internal import RPCModel
internal import TextFormats
internal import Transport

/// The results of repeated calls, as text or JSON.
struct CallReport {
    let tally: RepeatedCalls.Tally
    let concurrency: Int
    let connection: ChannelTimes?

    private static let quantiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)]
    private static let barWidth = 40

    var text: DisplayText {
        let latencies = tally.latencies
        let perSecond = tally.callsPerSecond.text(decimals: 0)
        var lines = [
            Terminal.styled(
                "\(latencies.count) calls in \(tally.duration.forPeople), \(perSecond) per second, \(concurrency) concurrent",
                .bold)
        ]
        let good = latencies.count - tally.failedCount
        lines.append("  OK \(good)\(errors.map { ", \($0.code) \($0.count)" }.joined())")
        for error in errors { lines.append("  \(tally.examples[error.code] ?? "")") }
        let figures = Self.quantiles.map { "\($0.0) \(latencies.quantile($0.1).forPeople)" }
        lines.append("  \((figures + ["max \(latencies.max.forPeople)"]).joined(separator: "   "))")
        if let connection { lines.append("  connection: \(connection.forPeople)") }
        lines.append("")
        let most = latencies.powersOfTwo.map(\.count).max() ?? 1
        for (upTo, count) in latencies.powersOfTwo {
            let bar = String(repeating: "#", count: (count * Self.barWidth + most - 1) / most)
            let bound = String(repeating: " ", count: max(0, 9 - upTo.forPeople.count)) + upTo.forPeople
            lines.append(
                "  ..\(bound) \(DisplayText("\(bar)").padded(to: Self.barWidth)) \(count)")
        }
        return lines.joined(separator: "\n")
    }

    /// On one line; times in milliseconds.
    var json: String {
        let latencies = tally.latencies
        var times = ["mean": latencies.mean.milliseconds, "max": latencies.max.milliseconds]
        for (name, share) in Self.quantiles { times[name] = latencies.quantile(share).milliseconds }
        let figures = Figures(
            calls: latencies.count, ok: latencies.count - tally.failedCount, concurrency: concurrency,
            seconds: tally.duration.milliseconds / 1000, callsPerSecond: tally.callsPerSecond,
            errors: Dictionary(uniqueKeysWithValues: errors.map { ($0.code.description, $0.count) }),
            latencyMilliseconds: times,
            histogram: latencies.powersOfTwo.map {
                Figures.Bar(upToMilliseconds: $0.upTo.milliseconds, count: $0.count)
            },
            connectionMilliseconds: connection?.milliseconds)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: (try? encoder.encode(figures)) ?? Data(), as: UTF8.self)
    }

    /// The members of the JSON text.
    private struct Figures: Encodable {
        struct Bar: Encodable {
            var upToMilliseconds: Double
            var count: Int
        }

        var calls: Int
        var ok: Int
        var concurrency: Int
        var seconds: Double
        var callsPerSecond: Double
        var errors: [String: Int]
        var latencyMilliseconds: [String: Double]
        var histogram: [Bar]
        var connectionMilliseconds: [String: Double]?
    }

    private var errors: [(code: RPCError.Code, count: Int)] {
        tally.errors.sorted { $0.key.rawValue < $1.key.rawValue }.map { (code: $0.key, count: $0.value) }
    }
}

extension ChannelTimes {
    private var steps: [(name: String, duration: Duration)] {
        [
            ("lookup", lookup), ("connect", connection.connect), ("tls", connection.tls),
            ("settings", connection.settings),
        ].compactMap { step in step.1.map { (step.0, $0) } }
    }

    /// "lookup 12 us, connect 60 us, tls 1.9 ms, settings 80 us".
    var forPeople: String { steps.map { "\($0.name) \($0.duration.forPeople)" }.joined(separator: ", ") }

    var milliseconds: [String: Double] {
        Dictionary(uniqueKeysWithValues: steps.map { ($0.name, $0.duration.milliseconds) })
    }
}
