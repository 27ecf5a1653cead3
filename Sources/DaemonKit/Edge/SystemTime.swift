internal import FoundationEssentials
internal import TelehealthModel

/// The machine's clocks.
struct SystemTime: TimeSource {
    var now: Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    /// Includes time in which the machine slept: a client's silence goes on meanwhile.
    var uptime: Duration { Self.origin.duration(to: .now) }
    private static let origin = ContinuousClock.now

    func sleep(for duration: Duration) async throws(CancellationError) {
        do {
            try await ContinuousClock().sleep(for: duration)
        } catch {
            throw CancellationError()
        }
    }
}

/// Identifiers from the system's random source.
struct SystemIdentifiers: IDSource {
    let time: any TimeSource

    /// RFC 9562 §5.7: 48 bits of milliseconds, then 74 random ones.
    func uuid() -> String {
        var generator = SystemRandomNumberGenerator()
        let milliseconds = UInt64(max(0, time.now.microseconds / 1_000))
        let high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xfff, using: &generator)
        let low = 0x8000_0000_0000_0000 | generator.next() >> 2
        let hex = Self.hex(high) + Self.hex(low)
        let cuts = [0, 8, 12, 16, 20, 32].map { hex.utf8.index(hex.startIndex, offsetBy: $0) }
        return zip(cuts, cuts.dropFirst()).map { String(hex[$0..<$1]) }.joined(separator: "-")
    }

    func randomHex(byteCount: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        var text = ""
        while text.utf8.count < byteCount * 2 { text += Self.hex(generator.next()) }
        return String(text.prefix(byteCount * 2))
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
