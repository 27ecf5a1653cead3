internal import FoundationEssentials
internal import Synchronization
internal import TextFormats

/// The completed steps of a visit, with the time each took.
final class Timeline: Sendable {
    private struct Line: Encodable {
        var atMs: Double
        var tookMs: Double
        var who: String
        var step: String
        var result: String
    }

    private let began = ContinuousClock.now
    private let json: Bool
    private let steps = Mutex(0)

    init(json: Bool) {
        self.json = json
        guard !json else { return }
        Terminal.say(Terminal.styled("    at        took      who         step", .bold))
    }

    /// Shows on a terminal what the visit is waiting for.
    func waiting(_ what: String) { Terminal.progress("… \(what)") }

    func done(_ step: String, by who: String, since start: ContinuousClock.Instant, _ result: String) {
        Terminal.endProgress()
        steps.withLock { $0 += 1 }
        let now = ContinuousClock.now
        if json {
            let line = Line(
                atMs: rounded(start - began), tookMs: rounded(now - start), who: who, step: step,
                result: result)
            if let bytes = try? Self.encoder.encode(line) { Terminal.say("\(String(decoding: bytes, as: UTF8.self))") }
            return
        }
        let mark = Terminal.styled("ok", .green)
        let times = [start - began, now - start].map { DisplayText("\($0.forPeople)").padded(to: 8) }
        Terminal.say("\(mark)  \(times[0])  \(times[1])  \(DisplayText("\(who)").padded(to: 10))  \(step): \(result)")
    }

    func finish() {
        guard !json else { return }
        let count = steps.withLock { $0 }
        Terminal.say(
            Terminal.styled(
                "The visit is complete: \(count) of \(count) steps passed in \((ContinuousClock.now - began).forPeople).",
                .bold))
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private func rounded(_ duration: Duration) -> Double { (duration.milliseconds * 1000).rounded() / 1000 }
}
