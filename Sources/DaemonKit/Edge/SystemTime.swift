internal import FoundationEssentials
internal import TelehealthModel
internal import TextFormats

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
        return UUIDText.text(high, low)
    }

    func randomHex(byteCount: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        var text = ""
        while text.utf8.count < byteCount * 2 { text += Hex.encode(generator.next() as UInt64) }
        return String(text.prefix(byteCount * 2))
    }
}
