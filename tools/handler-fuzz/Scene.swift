internal import TelehealthModel
internal import TextFormats
internal import VisitSimulation

/// What requests are made of: rows that live, what earlier answers gave, and the dice.
struct Scene {
    /// Values of earlier answers that later requests may bring back, by the field's name.
    struct Harvest {
        private static let keptMax = 8
        private var texts: [String: [String]] = [:]

        mutating func keep(_ text: String, of field: String) {
            guard !text.isEmpty else { return }
            texts[field, default: []].append(text)
            if texts[field, default: []].count > Self.keptMax { texts[field]?.removeFirst() }
        }

        subscript(field: String) -> [String] { texts[field] ?? [] }
    }

    var random: SeededRandom
    var harvest = Harvest()
    var rows: SimulatedClinic.Rows
    var now: Timestamp
    /// The visit that the next request is about.
    var state: SessionState?
    /// Makes names that were not there before.
    var number = 0
    /// Writes an event of Chime about a visit.
    let event: @Sendable (_ type: String, SessionState, _ user: String?, _ number: Int) -> String

    mutating func look(at clinic: SimulatedClinic) {
        rows = clinic.rows
        now = clinic.time.now
        // Mostly the newest: the others are over.
        state = chance(0.85) ? rows.sessions.last : pick(rows.sessions)
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }
    mutating func pick<Value>(_ values: [Value]) -> Value? { values.randomElement(using: &random) }
    mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

    mutating func fresh() -> Int {
        number += 1
        return number
    }

    mutating func uuid() -> String {
        let halves = (0..<2).map { _ in UInt64.random(in: .min ... .max, using: &random) }
        return UUIDText.text(halves[0], halves[1])
    }

    /// A moment so far from now, in seconds.
    mutating func moment(_ range: ClosedRange<Int64>) -> Timestamp { now + .seconds(number(range)) }
}
