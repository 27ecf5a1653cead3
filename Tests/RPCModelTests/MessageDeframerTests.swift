import RPCModel
import Testing

@Suite("Message deframer") struct MessageDeframerTests {
    private static let messages: [[UInt8]] = [[], [1], Array(repeating: 7, count: 300), [2, 3]]

    private static func framed(_ messages: [[UInt8]], flag: UInt8 = 0) -> [UInt8] {
        messages.flatMap { message in
            let count = UInt32(message.count)
            return [
                flag, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
                UInt8(count & 255),
            ]
                + message
        }
    }

    private static func feed(
        _ bytes: [UInt8], to deframer: inout MessageDeframer, chunkSize: Int
    ) throws(FramingError) -> [[UInt8]] {
        var taken: [[UInt8]] = []
        var offset = 0
        while offset < bytes.count {
            let chunk = Array(bytes[offset..<min(offset + chunkSize, bytes.count)])
            offset += chunk.count
            try append(chunk, to: &deframer)
            while let frame = deframer.first() {
                taken.append(deframer.withPayload(of: frame) { [UInt8]($0) })
                deframer.dropFirst(frame)
            }
        }
        return taken
    }

    private static func append(_ chunk: [UInt8], to deframer: inout MessageDeframer) throws(FramingError) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: chunk)
        try deframer.append(UnsafeRawBufferPointer(copy))
    }

    @Test("where the stream is cut never changes the messages", arguments: [1, 2, 5, 6, 7, 1000])
    func isIndependentOfChunking(chunkSize: Int) throws {
        var deframer = MessageDeframer(maxMessageBytes: 300)
        let taken = try Self.feed(Self.framed(Self.messages), to: &deframer, chunkSize: chunkSize)
        #expect(taken == Self.messages)
        let (isPartial, unread) = (deframer.hasPartialMessage, deframer.completeByteCount)
        #expect(!isPartial && unread == 0)
    }

    @Test("a message over the limit is refused on its prefix", arguments: [1, 7, 1000])
    func refusesOnPrefix(chunkSize: Int) {
        var deframer = MessageDeframer(maxMessageBytes: 299)
        #expect(throws: FramingError.messageTooLarge(announced: 300, limit: 299)) {
            _ = try Self.feed(Self.framed([[1]]) + [0, 0, 0, 1, 44], to: &deframer, chunkSize: chunkSize)
        }
    }

    @Test("a flag other than 0 and 1 is refused") func refusesFlag() {
        var deframer = MessageDeframer(maxMessageBytes: 10)
        #expect(throws: FramingError.invalidFlag(2)) {
            _ = try Self.feed(Self.framed([[1]], flag: 2), to: &deframer, chunkSize: 100)
        }
    }

    @Test("messages left unread survive later chunks and the compaction of read ones") func keepsUnread()
        throws
    {
        var deframer = MessageDeframer(maxMessageBytes: 100_000)
        let large = Array(repeating: UInt8(9), count: 40_000)
        try Self.append(Self.framed([large, large, large, [4]]), to: &deframer)
        let count = deframer.completeCount
        #expect(count == 4)
        for _ in 0..<3 {
            let frame = deframer.first()
            #expect(frame?.payloadByteCount == large.count)
            if let frame { deframer.dropFirst(frame) }
        }
        try Self.append([0, 0, 0], to: &deframer)
        let (isPartial, last) = (deframer.hasPartialMessage, deframer.first())
        #expect(isPartial)
        let frame = try #require(last)
        let payload = deframer.withPayload(of: frame) { [UInt8]($0) }
        #expect(payload == [4])
    }
}
