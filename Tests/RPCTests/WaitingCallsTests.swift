import Testing

@testable import RPCServer

@Suite("Calls that wait for a handler") struct WaitingCallsTests {
    private final class Call {
        let name: String
        init(_ name: String) { self.name = name }
    }

    private func rest(_ queue: inout WaitingCalls<Call>) -> [String] {
        var names: [String] = []
        while let call = queue.next() { names.append(call.name) }
        return names
    }

    private func isWaiting(_ outcome: WaitingCalls<Call>.Outcome) -> Bool {
        if case .waits = outcome { true } else { false }
    }

    @Test func `connections take turns, and the calls of each keep their order`() {
        var queue = WaitingCalls<Call>(capacity: 100, share: 100)
        for index in 1...50 { #expect(isWaiting(queue.append(Call("a\(index)"), of: 1))) }
        #expect(isWaiting(queue.append(Call("b1"), of: 2)))
        #expect(isWaiting(queue.append(Call("c1"), of: 3)))
        #expect(isWaiting(queue.append(Call("b2"), of: 2)))
        #expect(queue.count == 53)
        #expect(rest(&queue).prefix(6) == ["a1", "b1", "c1", "a2", "b2", "a3"])
        #expect(queue.count == 0)
    }

    @Test func `a connection has its share and no more`() {
        var queue = WaitingCalls<Call>(capacity: 100, share: 2)
        for index in 1...2 { #expect(isWaiting(queue.append(Call("a\(index)"), of: 1))) }
        guard case .exceedsShare = queue.append(Call("a3"), of: 1) else { return #expect(Bool(false), "refused") }
        #expect(isWaiting(queue.append(Call("b1"), of: 2)))
        #expect(rest(&queue) == ["a1", "b1", "a2"])
    }

    @Test func `in a full queue the last call of the connection that holds most gives way to one that holds less`() {
        var queue = WaitingCalls<Call>(capacity: 4, share: 4)
        for index in 1...4 { #expect(isWaiting(queue.append(Call("a\(index)"), of: 1))) }
        guard case .displaces(let first) = queue.append(Call("b1"), of: 2) else {
            return #expect(Bool(false), "b1 takes a place")
        }
        #expect(first.name == "a4" && queue.count == 4)
        // Two against two: nobody holds so much more that it would be fairer.
        guard case .displaces(let second) = queue.append(Call("c1"), of: 3) else {
            return #expect(Bool(false), "c1 takes a place")
        }
        #expect(second.name == "a3")
        guard case .isFull = queue.append(Call("a3"), of: 1), case .isFull = queue.append(Call("b2"), of: 2) else {
            return #expect(Bool(false), "refused")
        }
        #expect(rest(&queue) == ["a1", "b1", "c1", "a2"])
    }

    @Test func `no place at all admits nobody`() {
        var queue = WaitingCalls<Call>(capacity: 0, share: 10)
        guard case .isFull = queue.append(Call("a"), of: 1) else { return #expect(Bool(false), "refused") }
        #expect(queue.next() == nil)
    }

    @Test func `a call that ended while it waited frees its place and takes nobody's turn`() {
        var queue = WaitingCalls<Call>(capacity: 3, share: 2)
        let (a, other) = (Call("a1"), Call("a2"))
        _ = queue.append(a, of: 1)
        _ = queue.append(other, of: 1)
        _ = queue.append(Call("b1"), of: 2)
        queue.remove(a, of: 1)
        queue.remove(a, of: 1)
        queue.remove(other, of: 1)
        #expect(queue.count == 1)
        for index in 3...4 { #expect(isWaiting(queue.append(Call("a\(index)"), of: 1))) }
        #expect(rest(&queue) == ["b1", "a3", "a4"])
    }

    @Test func `the order holds over many rounds, and nothing is left behind`() {
        var queue = WaitingCalls<Call>(capacity: 10_000, share: 10)
        for round in 0..<20 {
            for connection in 0..<500 { _ = queue.append(Call("\(round)"), of: UInt64(connection)) }
            for _ in 0..<500 { #expect(queue.next()?.name == "\(round)") }
        }
        #expect(queue.count == 0 && queue.next() == nil)
    }
}
