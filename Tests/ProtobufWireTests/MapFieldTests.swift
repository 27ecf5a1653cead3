import ProtobufWire
import Testing

@Suite("Map field") struct MapFieldTests {
    @Test(
        "it answers as a dictionary does, below and above the size that has an index",
        arguments: [1, 12, 13, 14, 200])
    func behavesAsDictionary(count: Int) {
        var map = MapField<String, Int>()
        var dictionary: [String: Int] = [:]
        for round in 0..<3 {
            for number in 0..<count where (number + round) % 3 != 0 {
                map["key \(number)"] = number * round
                dictionary["key \(number)"] = number * round
            }
            for number in stride(from: 0, to: count, by: 5) {
                map["key \(number)"] = nil
                dictionary["key \(number)"] = nil
            }
            #expect(map.dictionary == dictionary)
            #expect(map.count == dictionary.count)
            for number in 0..<count { #expect(map["key \(number)"] == dictionary["key \(number)"]) }
        }
    }

    @Test("equality and hash do not look at the order, iteration keeps it")
    func ignoresOrder() {
        let one: MapField = ["a": 1, "b": 2, "c": 3]
        let other: MapField = ["c": 3, "a": 1, "b": 2]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one.keys == ["a", "b", "c"])
        #expect(other.keys == ["c", "a", "b"])
        #expect(one != ["a": 1, "b": 2, "c": 4])
        #expect(one != ["a": 1, "b": 2])
    }

    @Test("of an entry that comes twice the last is kept")
    func lastEntryWins() throws {
        let first = Google_Protobuf_Struct.with { $0.fields["k"] = .with { $0.kind = .boolValue(false) } }
        let last = Google_Protobuf_Struct.with { $0.fields["k"] = .with { $0.kind = .numberValue(2) } }
        #expect(try Google_Protobuf_Struct(decoding: first.encodedBytes() + last.encodedBytes()) == last)
    }
}
