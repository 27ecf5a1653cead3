import ProtobufWire
import Testing

@Suite("Byte buffer") struct ByteBufferTests {
    @Test("bytes appended in any pieces are the bytes held", arguments: [1, 7, 1000])
    func appends(pieceCount: Int) {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var buffer = ByteBuffer()
        for start in stride(from: 0, to: bytes.count, by: pieceCount) {
            buffer.append(Array(bytes[start..<min(start + pieceCount, bytes.count)]))
        }
        let held = [UInt8](buffer)
        #expect(held == bytes)
    }

    @Test("a length is patched in front of what was appended since")
    func patches() {
        var buffer = ByteBuffer()
        buffer.append(0)
        buffer.appendBigEndian(0)
        buffer.append([1, 2, 3])
        buffer.patchBigEndian(0x0102_0304, at: 1)
        let held = [UInt8](buffer)
        #expect(held == [0, 1, 2, 3, 4, 1, 2, 3])
    }

    @Test("what is removed in front or behind is gone, the rest stays")
    func removes() {
        var buffer = ByteBuffer(minimumCapacity: 4)
        buffer.append([1, 2, 3, 4, 5])
        buffer.removeFirst(2)
        buffer.truncate(to: 2)
        let held = [UInt8](buffer)
        #expect(held == [3, 4])
        buffer.removeAll(keepingCapacity: false)
        let capacity = buffer.capacity
        #expect(capacity == 0)
        buffer.append(9)
        let first = buffer[0]
        #expect(first == 9)
    }

    @Test("uninitialised room keeps as many bytes as were filled in")
    func fillsRoom() {
        var buffer = ByteBuffer()
        buffer.append(1)
        buffer.appendUninitialized(maximumCount: 100) { room in
            room[0] = 7
            room[1] = 8
            return 2
        }
        let held = [UInt8](buffer)
        #expect(held == [1, 7, 8])
    }

    @Test(
        "a nested length takes as many bytes as it needs",
        arguments: [0, 1, 125, 126, 127, 128, 16_380, 16_381, 16_384, 2_097_152])
    func writesNestedLengths(textCount: Int) throws {
        // Any.value inside a list inside a struct: three lengths over one another.
        let text = String(repeating: "x", count: textCount)
        let value = Google_Protobuf_Value.with { $0.kind = .stringValue(text) }
        let list = Google_Protobuf_ListValue.with { $0.values = [value, value] }
        let decoded = try Google_Protobuf_ListValue(decoding: list.encodedBytes())
        #expect(decoded == list)
        // Tag, length and text of the string; tag and length of the message around it.
        func varintCount(_ value: Int) -> Int { value < 128 ? 1 : 1 + varintCount(value >> 7) }
        let inner = 1 + varintCount(textCount) + textCount
        #expect(list.encodedByteCount == 2 * (1 + varintCount(inner) + inner))
    }

    @Test("a varint is written at every length, and leaves what stands before it", arguments: 0..<64)
    func writesVarints(bits: Int) {
        let values: [UInt64] = [1 << bits, (1 << bits) - 1, .max >> (63 - bits), 0x5555_5555_5555_5555 >> (63 - bits)]
        for value in values {
            var expected: [UInt8] = [7]
            var rest = value
            while rest >= 0x80 {
                expected.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            expected.append(UInt8(rest))
            var buffer = ByteBuffer()
            buffer.append(7)
            buffer.writeVarint(value)
            buffer.append(9)
            let written = [UInt8](buffer)
            #expect(written == expected + [9])
        }
    }
}
