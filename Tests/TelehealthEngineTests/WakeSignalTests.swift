import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("A doorbell") struct WakeSignalTests {
    @Test func `a doorbell keeps a ring that nobody waited for, once`() async {
        let wake = WakeSignal()
        let time = VirtualTime()
        wake.signal()
        wake.signal()
        #expect(await wake.wait(atMost: nil, time))
        let second = Task { await wake.wait(atMost: .seconds(1), time) }
        for _ in 0..<200 {
            time.advance(by: .seconds(1))
            await Task.yield()
        }
        #expect(await second.value == false)
    }
}
