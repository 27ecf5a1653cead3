import Testing

@testable import ChimeSimulation

@Suite("Deadline queue") struct DeadlineQueueTests {
    @Test(arguments: [0, 1, 2, 7, 1000])
    func `entries come out in time and, within one instant, in the order they went in`(count: Int) {
        var queue = DeadlineQueue()
        var expected: [(Int, Int)] = []
        for number in 0..<count {
            let instant = number * 7919 % 101
            expected.append((instant, number))
            queue.add(.meeting(String(number)), at: Timestamp(microseconds: Int64(instant)))
        }
        expected.sort { $0 < $1 }
        var taken: [Int] = []
        while let entry = queue.take(until: Timestamp(microseconds: 100)) { taken.append(entry.number) }
        #expect(taken == expected.map { $0.1 })
    }

    @Test func `nothing comes out before its time`() {
        var queue = DeadlineQueue()
        queue.add(.pipeline("p"), at: Timestamp(microseconds: 10))
        #expect(queue.take(until: Timestamp(microseconds: 9)) == nil)
        #expect(queue.take(until: Timestamp(microseconds: 10))?.target == .pipeline("p"))
        #expect(queue.take(until: Timestamp(microseconds: 10)) == nil)
    }
}
