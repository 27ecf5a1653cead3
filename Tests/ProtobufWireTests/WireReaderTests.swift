import ProtobufWire
import Testing

/// Reads one value with `body` from exactly `bytes`.
private func reading<T>(
    _ bytes: [UInt8], limits: DecodingLimits = .default, _ body: (inout WireReader) throws(WireError) -> T
) -> Result<T, WireError> {
    bytes.withUnsafeBytes { raw in
        var reader = WireReader(raw, limits: limits)
        do throws(WireError) {
            return .success(try body(&reader))
        } catch {
            return .failure(error)
        }
    }
}

@Suite("Wire reader") struct WireReaderTests {
    @Test(
        "a varint is read at every length",
        arguments: [
            ([0x00], 0), ([0x7F], 127), ([0x80, 0x01], 128), ([0xFF, 0x7F], 16_383),
            ([0x80, 0x80, 0x01], 16_384),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], UInt64(UInt32.max)),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], UInt64.max),
            ([0x80, 0x00], 0),
        ] as [([UInt8], UInt64)])
    func readsVarints(bytes: [UInt8], value: UInt64) {
        #expect(reading(bytes) { reader throws(WireError) in try reader.readVarint() } == .success(value))
    }

    @Test("a varint cut anywhere is truncated", arguments: 0..<10)
    func refusesCutVarints(length: Int) {
        let bytes = [UInt8](repeating: 0xFF, count: length)
        #expect(
            reading(bytes) { reader throws(WireError) in try reader.readVarint() } == .failure(.truncated))
    }

    @Test("an eleven-byte varint is rejected, not wrapped")
    func refusesLongVarints() {
        let bytes = [UInt8](repeating: 0x80, count: 10) + [0]
        #expect(
            reading(bytes) { reader throws(WireError) in try reader.readVarint() }
                == .failure(.varintOverflow))
    }

    @Test(
        "a bad tag is refused",
        arguments: [
            ([0x00, 0x00], .invalidTag), ([0x07], .invalidTag), ([0x0E, 0x00], .invalidTag),
            ([0x0F], .invalidTag),
            ([0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00], .invalidTag),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0x00], .invalidTag),
            ([0x0C], .unmatchedGroupEnd), ([0x04], .invalidTag), ([0x0B, 0x14], .unmatchedGroupEnd),
            ([0x0B, 0x08, 0x01], .truncated), ([0x80], .truncated), ([0x0A, 0x05, 0x00], .truncated),
            ([0x09, 0, 0, 0, 0, 0, 0, 0], .truncated), ([0x0D, 0, 0, 0], .truncated),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .varintOverflow),
            // Lengths that other readers refuse: 0 with bits above 64, 0 in six bytes, 2 GiB; and the last that fits.
            ([0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02], .varintOverflow),
            ([0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], .varintOverflow),
            ([0x0A, 0x80, 0x80, 0x80, 0x80, 0x08], .varintOverflow),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], .truncated),
        ] as [([UInt8], WireError)])
    func refusesBadTags(bytes: [UInt8], error: WireError) {
        #expect(throws: error) { try Google_Protobuf_Empty(decoding: bytes) }
    }

    @Test("unknown fields of every wire type are kept, in order and byte for byte")
    func keepsUnknownFields() throws {
        let bytes: [UInt8] = [
            0x98, 0x06, 0x96, 0x01,  // 99: varint 150
            0x0A, 0x02, 0x68, 0x69,  // 1: "hi"
            0x9D, 0x06, 1, 2, 3, 4,  // 99: fixed32
            0x11, 1, 2, 3, 4, 5, 6, 7, 8,  // 2: fixed64
            0x1B, 0x08, 0x01, 0x23, 0x24, 0x1C,  // 3: group with a field and an empty group 4
        ]
        let message = try Google_Protobuf_Empty(decoding: bytes)
        #expect(message.unknownFields.bytes == bytes)
        #expect(message.encodedBytes() == bytes)
    }

    @Test("a known field with another wire type is kept as unknown")
    func keepsWrongWireType() throws {
        let message = try Google_Protobuf_Duration(decoding: [0x0D, 1, 0, 0, 0, 0x10, 0x05])
        #expect(message.seconds == 0)
        #expect(message.nanos == 5)
        #expect(message.encodedBytes() == [0x10, 0x05, 0x0D, 1, 0, 0, 0])
    }

    @Test(
        "text that is not UTF-8 is refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]])
    func refusesBadText(text: [UInt8]) {
        #expect(throws: WireError.invalidUTF8) {
            try Google_Protobuf_StringValue(decoding: [0x0A, UInt8(text.count)] + text)
        }
    }

    @Test("nesting is allowed up to the limit and refused one deeper", arguments: [1, 2, 99, 100])
    func limitsDepth(depth: Int) throws {
        func nested(_ levels: Int) -> [UInt8] {
            var value = Google_Protobuf_Value()
            // A list and the value in it are a level each.
            for level in 0..<levels where level % 2 == 0 {
                value = .with { $0.kind = .listValue(.with { $0.values = [value] }) }
            }
            return value.encodedBytes()
        }
        let limits = DecodingLimits(maximumDepth: depth)
        #expect(throws: Never.self) {
            try Google_Protobuf_Value(decoding: nested(depth - depth % 2), limits: limits)
        }
        #expect(throws: WireError.depthExceeded(limit: depth)) {
            try Google_Protobuf_Value(decoding: nested(depth + 1), limits: limits)
        }
    }

    @Test("unknown groups count as depth too")
    func limitsGroupDepth() {
        let limits = DecodingLimits(maximumDepth: 3)
        func groups(_ count: Int) -> [UInt8] {
            [UInt8](repeating: 0x0B, count: count) + [UInt8](repeating: 0x0C, count: count)
        }
        #expect(throws: Never.self) { try Google_Protobuf_Empty(decoding: groups(3), limits: limits) }
        #expect(throws: WireError.depthExceeded(limit: 3)) {
            try Google_Protobuf_Empty(decoding: groups(4), limits: limits)
        }
    }

    @Test("size and number of nested messages are limited before anything is made")
    func limitsSizeAndCount() {
        let list = Google_Protobuf_ListValue.with { $0.values = .init(repeating: .init(), count: 5) }
            .encodedBytes()
        #expect(throws: WireError.sizeExceeded(limit: list.count - 1)) {
            try Google_Protobuf_ListValue(decoding: list, limits: .init(maximumByteCount: list.count - 1))
        }
        #expect(throws: WireError.messageCountExceeded(limit: 4)) {
            try Google_Protobuf_ListValue(decoding: list, limits: .init(maximumMessageCount: 4))
        }
        #expect(throws: Never.self) {
            try Google_Protobuf_ListValue(
                decoding: list, limits: .init(maximumByteCount: list.count, maximumMessageCount: 5))
        }
    }

    @Test("singular messages merge, scalars take the last, a oneof its last member")
    func merges() throws {
        let first = Google_Protobuf_Value.with { $0.kind = .structValue(.with { $0.fields["a"] = .init() }) }
        let second = Google_Protobuf_Value.with { $0.kind = .structValue(.with { $0.fields["b"] = .init() }) }
        let merged = try Google_Protobuf_Value(decoding: first.encodedBytes() + second.encodedBytes())
        guard case .structValue(let value)? = merged.kind else {
            Issue.record("not a struct: \(merged)")
            return
        }
        #expect(value.fields.keys == ["a", "b"])
        let text = Google_Protobuf_Value.with { $0.kind = .stringValue("last") }
        let replaced = try Google_Protobuf_Value(decoding: first.encodedBytes() + text.encodedBytes())
        #expect(replaced == text)
    }
}
