import AWSClient
import LoopbackHTTP

extension RuntimeSources {
    static func virtual(_ time: VirtualTime, random: Double = 0.5) -> RuntimeSources {
        RuntimeSources(
            wallClock: { time.wallSeconds }, monotonic: { time.monotonic },
            sleep: { try time.sleep(for: $0) },
            random: { random })
    }
}
