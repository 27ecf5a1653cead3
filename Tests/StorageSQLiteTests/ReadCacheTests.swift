import Testing

@testable import StorageSQLite

@Suite("The cache of committed rows") struct ReadCacheTests {
    private let cache = ReadCache<Int, String>(capacity: 4)

    private func read(_ key: Int, orLoad value: String?) -> String? { cache.value(key) { value } }

    @Test("a loaded value is kept, an absent one is asked for again")
    func keeps() {
        #expect(read(1, orLoad: "a") == "a")
        #expect(read(1, orLoad: "b") == "a")
        #expect(read(2, orLoad: nil) == nil)
        #expect(read(2, orLoad: "c") == "c")
    }

    @Test(
        "a withheld key is read from the database until it is published, and what was read then is not kept")
    func withholds() {
        _ = read(1, orLoad: "old")
        _ = read(2, orLoad: "other")
        #expect(cache.withhold([1]) == [1: "old"])
        #expect(read(1, orLoad: "old from the database") == "old from the database")
        #expect(read(1, orLoad: "new from the database") == "new from the database")
        #expect(read(2, orLoad: "x") == "other")
        cache.publish([1: "new"])
        #expect(read(1, orLoad: "x") == "new")
    }

    @Test("a key that was withheld and not published is loaded again")
    func forgets() {
        _ = read(1, orLoad: "old")
        _ = cache.withhold([1])
        cache.publish([:])
        #expect(read(1, orLoad: "new") == "new")
        #expect(read(1, orLoad: "x") == "new")
    }

    @Test("what nobody asked for in a while is forgotten, and only that")
    func forgetsUnused() {
        for key in 1...3 { _ = read(key, orLoad: "old") }
        _ = read(1, orLoad: "x")
        cache.forgetUnused()
        #expect(cache.counts.entries == 1 && read(1, orLoad: "x") == "old")
        cache.forgetUnused()
        cache.forgetUnused()
        #expect(cache.counts.entries == 0 && read(1, orLoad: "new") == "new")
        for key in 2...9 { #expect(read(key, orLoad: "new") == "new", "its places are free again") }
        #expect(cache.counts.entries == 4)
    }

    @Test("a load that began before a commit is not kept after it, wherever the commit falls")
    func voidsTickets() {
        let early = cache.value(1) {
            _ = cache.withhold([1])
            cache.publish([:])
            return "old"
        }
        #expect(early == "old")
        #expect(read(1, orLoad: "new") == "new")

        let across = cache.value(2) {
            _ = cache.withhold([2])
            return "old"
        }
        #expect(across == "old")
        #expect(read(2, orLoad: "still old") == "still old")
        cache.publish([2: "new"])
        #expect(read(2, orLoad: "x") == "new")

        let overtaken = cache.value(3) {
            _ = cache.withhold([3])
            cache.publish([3: "new"])
            return "old"
        }
        #expect(overtaken == "old")
        #expect(read(3, orLoad: "x") == "new")
    }

    @Test("a load that fails leaves nothing behind")
    func failedLoad() {
        struct Failure: Error {}
        #expect(throws: Failure.self) { try cache.value(1) { () throws(Failure) in throw Failure() } }
        #expect(read(1, orLoad: "a") == "a")
    }

    @Test("it never holds more than its capacity, and what is used stays longer")
    func isBounded() {
        for key in 0..<100 {
            _ = read(key, orLoad: "\(key)")
            _ = read(0, orLoad: "gone")
            #expect(cache.counts.entries <= 4)
        }
        #expect(read(0, orLoad: "gone") == "0")
        #expect(read(50, orLoad: "gone") == "gone")
    }

    @Test("places freed by withholding are used again")
    func reusesPlaces() {
        for round in 0..<51 {
            _ = read(round, orLoad: "a")
            _ = cache.withhold([round])
            cache.publish(round % 2 == 0 ? [round: "b"] : [:])
        }
        #expect(cache.counts.entries == 4)
    }
}
