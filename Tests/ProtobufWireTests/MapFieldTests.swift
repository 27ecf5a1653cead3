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

    @Test(
        "keys are told apart by their bytes, also where Swift holds them for equal",
        arguments: [0, 20])
    func comparesBytes(others: Int) throws {
        let looks = ["\u{E9}", "e\u{301}", "\u{212B}", "\u{C5}", "A\u{30A}", "q\u{307}\u{323}", "q\u{323}\u{307}"]
        var message = Google_Protobuf_Struct()
        for number in 0..<others { message.fields["key \(number)"] = .with { $0.kind = .numberValue(0) } }
        for (number, key) in looks.enumerated() {
            message.fields[key] = .with { $0.kind = .numberValue(Double(number)) }
        }
        #expect(message.fields.count == looks.count + others)
        let again = try Google_Protobuf_Struct(decoding: message.encodedBytes())
        #expect(again == message)
        for (number, key) in looks.enumerated() { #expect(again.fields[key]?.kind == .numberValue(Double(number))) }
        let both: MapField = ["e\u{301}": 1, "\u{E9}": 2]
        #expect(both.count == 2 && both.dictionary.count == 1)
        #expect(both != ["e\u{301}": 1, "E\u{301}": 2])
    }
}
