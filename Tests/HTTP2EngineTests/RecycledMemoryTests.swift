import CNghttp2
@testable import HTTP2Engine
import Testing

/// The memory that nghttp2's sessions of one loop take turns to use.
@Suite("Recycled memory") struct RecycledMemoryTests {
    private func with(_ body: (inout RecycledMemory) -> Void) {
        var memory = RecycledMemory()
        body(&memory)
        memory.freeAll()
        #expect(memory.keptBytes == 0)
    }

    @Test("an area that came back serves the next request of its size", arguments: [1, 24, 25, 40, 41, 144, 329, 344])
    func reuse(byteCount: Int) throws {
        var memory = RecycledMemory()
        let taken = memory.take(byteCount)
        let first = try #require(taken)
        memory.giveBack(first)
        #expect(memory.keptBytes >= byteCount)
        let second = memory.take(byteCount)
        #expect(second == first)
        #expect(memory.keptBytes == 0)
        memory.giveBack(first)
        memory.freeAll()
    }

    @Test("every area is as large as was asked for, and nobody else's", arguments: [1, 7])
    func apart(step: Int) {
        with { memory in
            for _ in 0..<3 {
                var areas: [(UnsafeMutableRawPointer, Int)] = []
                for byteCount in stride(from: 0, through: 400, by: step) {
                    guard let area = memory.take(byteCount) else {
                        Issue.record("out of memory")
                        return
                    }
                    #expect(malloc_usable_size(area) >= byteCount)
                    memset(area, Int32(areas.count & 0x7F), byteCount)
                    areas.append((area, byteCount))
                }
                #expect(Set(areas.map(\.0)).count == areas.count)
                for (index, (area, byteCount)) in areas.enumerated() {
                    let bytes = UnsafeRawBufferPointer(start: area, count: byteCount)
                    #expect(bytes.allSatisfy { $0 == UInt8(index & 0x7F) })
                    memory.giveBack(area)
                }
            }
        }
    }

    @Test("no more is kept than a megabyte, whatever comes back") func bound() {
        var memory = RecycledMemory()
        let areas = (0..<10_000).compactMap { _ in memory.take(300) }
        for area in areas { memory.giveBack(area) }
        #expect(memory.keptBytes > 1 << 19)
        #expect(memory.keptBytes < (1 << 20) + 344)
        memory.freeAll()
    }

    @Test("large areas are not kept") func large() throws {
        var memory = RecycledMemory()
        let taken = memory.take(4096)
        memory.giveBack(try #require(taken))
        #expect(memory.keptBytes == 0)
    }
}
