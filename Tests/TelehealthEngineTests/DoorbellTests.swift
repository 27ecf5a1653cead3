import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("A doorbell") struct DoorbellTests {
    @Test func `a doorbell keeps a ring that nobody waited for, once`() async {
        let bell = Doorbell()
        let time = VirtualTime()
        bell.ring()
        bell.ring()
        #expect(await bell.wait(atMost: nil, time))
        let second = Task { await bell.wait(atMost: .seconds(1), time) }
        for _ in 0..<200 {
            time.advance(by: .seconds(1))
            await Task.yield()
        }
        #expect(await second.value == false)
    }
}
