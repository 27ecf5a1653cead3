import ProtobufWire
import Testing

@Suite("Varints of every width") struct VarintWidthTests {
    /// A byte at a time, as the encoding is defined.
    private static func reference(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    @Test("the first and last value of each width, and values between, are written as the encoding says")
    func writesEveryWidth() {
        var values: [UInt64] = [0, .max]
        for bit in 0..<64 as Range<UInt64> {
            let power = UInt64(1) << bit
            values += [power - 1, power, power + 1, power | 0x55, power &* 0x9E37_79B9 | power]
        }
        for value in values {
            var buffer = ByteBuffer()
            buffer.writeVarint(value)
            #expect([UInt8](buffer) == Self.reference(value), "\(value)")
        }
    }

    @Test("what is in front of a varint and behind it is left alone")
    func keepsNeighbours() {
        for value in [0x80, 0x4000, 1 << 35, 1 << 55, 1 << 56] as [UInt64] {
            var buffer = ByteBuffer(minimumCapacity: 12)
            buffer.append(0xAA)
            buffer.writeVarint(value)
            buffer.append(0xBB)
            #expect([UInt8](buffer) == [0xAA] + Self.reference(value) + [0xBB], "\(value)")
        }
    }

    @Test(
        "a timestamp is written as any message is",
        arguments: [(0, 0), (1_790_000_000, 999_999_999), (-1, 5), (Int64.max, Int32.min), (Int64.min, -1)] as [(Int64, Int32)])
    func writesTimestamps(seconds: Int64, nanos: Int32) {
        func generally(_ message: some Message, into buffer: inout ByteBuffer) { buffer.writeMessage(2000, message) }
        for unknown in [[], [0x18, 0x01], [0x22, 0x50] + [UInt8](repeating: 7, count: 0x50)] as [[UInt8]] {
            var time = Google_Protobuf_Timestamp()
            time.seconds = seconds
            time.nanos = nanos
            time.unknownFields.bytes = unknown + unknown
            var quick = ByteBuffer()
            var general = ByteBuffer()
            quick.writeMessage(2000, time)
            generally(time, into: &general)
            #expect([UInt8](quick) == [UInt8](general))
        }
    }

    @Test("bytes made on lent memory are the ones made on memory of their own", arguments: [0, 1, 1000, 1024, 1025, 9000])
    func leavesLentMemory(count: Int) {
        var value = Google_Protobuf_BytesValue()
        value.value = [UInt8](repeating: 0x5A, count: count)
        var buffer = ByteBuffer()
        value.encode(into: &buffer)
        #expect(value.encodedBytes() == [UInt8](buffer))
    }
}
