import ProtobufWire
import RPCModel
import Testing

@Suite("Generated messages") struct GeneratedMessageTests {
    private let scalars = Fixture_V1_Scalars.with {
        $0.aDouble = -0.0
        $0.aFloat = 1.5
        $0.anInt32 = -1
        $0.anInt64 = .min
        $0.anUint32 = .max
        $0.anUint64 = .max
        $0.aSint32 = .min
        $0.aSint64 = .max
        $0.aFixed32 = 1
        $0.aFixed64 = .max
        $0.aSfixed32 = -2
        $0.aSfixed64 = .min
        $0.aBool = true
        $0.aString = "Jürgen 😀"
        $0.someBytes = [0, 0xFF, 0x80]
        $0.state = .negative
    }

    private let thing = Fixture_V1_Thing.with {
        $0.default = "word"
        $0.ownerID = "o-1"
        $0.nick = ""
        $0.limit = 0
        $0.nextState = .unspecified
        $0.createdAt = Google_Protobuf_Timestamp(seconds: -1, nanos: 999_999_999)
        $0.remark = .init()
        $0.scalars = .with { $0.anInt32 = 7 }
        $0.parent = .with {
            $0.default = "up"
            $0.parent = .with { $0.default = "top" }
        }
        $0.children = [.with { $0.default = "one" }, .init()]
        $0.tags = ["a", ""]
        $0.packedNumbers = [0, -1, 64, -65, .max]
        $0.plainNumbers = [0, -1]
        $0.doubles = [0, .infinity, -.infinity]
        $0.states = [.inProgress, .negative]
        $0.counts = ["k": 3]
        $0.byNumber = [-5: .with { $0.aBool = true }]
        $0.byFlag = [true: .thingState2d]
        $0.subject = .values(
            .with {
                $0.aString =
                    "a string of more than one hundred and twenty-seven bytes, so that the length of the message "
                    + "that holds it takes two bytes on the wire and is moved"
            })
        $0.type = .with { $0.name = "t" }
    }

    @Test("scalars encode to protoc's bytes and come back from them")
    func scalarsMatchProtoc() throws {
        let bytes = try Fixture.bytes("scalars.binpb")
        #expect(scalars.encodedBytes() == bytes)
        let decoded = try Fixture_V1_Scalars(decoding: bytes)
        #expect(decoded == scalars)
        #expect(decoded.aDouble.sign == .minus)
    }

    @Test("presence, repetition, maps and oneofs encode to protoc's bytes and come back from them")
    func thingMatchesProtoc() throws {
        let bytes = try Fixture.bytes("thing.binpb")
        #expect(thing.encodedBytes() == bytes)
        #expect(try Fixture_V1_Thing(decoding: bytes) == thing)
    }

    @Test("bytes cut anywhere throw or give a shorter message, and never crash")
    func survivesEveryCut() throws {
        let bytes = try Fixture.bytes("thing.binpb")
        var whole = 0
        for length in bytes.indices {
            do throws(WireError) {
                let message = try Fixture_V1_Thing(decoding: Array(bytes[..<length]))
                #expect(message != thing)
                whole += 1
            } catch {
                #expect(error == .truncated || error == .invalidUTF8, "at \(length)")
            }
        }
        // The cuts between two fields of the outer message are messages themselves; there are a few of them
        // only.
        #expect(whole > 0 && whole < 40)
    }

    @Test("a flipped byte throws or gives a message, and never crashes")
    func survivesFlippedBytes() throws {
        let bytes = try Fixture.bytes("thing.binpb")
        for index in bytes.indices {
            for mask: UInt8 in [0x01, 0x04, 0x80, 0xFF] {
                var damaged = bytes
                damaged[index] ^= mask
                guard let message = try? Fixture_V1_Thing(decoding: damaged) else { continue }
                let again = try Fixture_V1_Thing(decoding: message.encodedBytes())
                #expect(again.encodedBytes() == message.encodedBytes())
            }
        }
    }

    @Test("repeated numbers are read packed and unpacked, whatever the schema says")
    func readsPackedAndUnpacked() throws {
        let unpackedToPacked = try Fixture_V1_Thing(decoding: [0x60, 0x01, 0x60, 0x02])
        #expect(unpackedToPacked.packedNumbers == [-1, 1])
        let packedToUnpacked = try Fixture_V1_Thing(decoding: [0x6A, 0x02, 0x01, 0x02])
        #expect(packedToUnpacked.plainNumbers == [-1, 1])
    }

    @Test("an enum number without a name is kept")
    func keepsUnknownNumbers() throws {
        let message = try Fixture_V1_Scalars(decoding: [0x80, 0x01, 0x63])
        #expect(message.state == .unrecognized(99))
        #expect(!message.state.isRecognized)
        #expect(message.encodedBytes() == [0x80, 0x01, 0x63])
    }

    @Test("a map entry without key or value has their defaults")
    func readsIncompleteEntries() throws {
        let message = try Fixture_V1_Thing(decoding: [0x82, 0x01, 0x00])
        #expect(message.counts == ["": 0])
    }

    @Test("a message prints its name and no field, also not one called description")
    func printsNoField() {
        let message = Fixture_V1_Described.with {
            $0.description = "private"
            $0.debugDescription_ = "private"
            $0.customMirror = "private"
        }
        var dumped = ""
        dump(message, to: &dumped)
        #expect("\(message) \(String(reflecting: message)) \(dumped)".contains("private") == false)
        #expect("\(message)" == "fixture.v1.Described{…}")
    }

    @Test("the four kinds of call have the paths and directions of the schema")
    func describesMethods() {
        let all = Fixture_V1_ThingService_Methods.all
        #expect(
            all.map(\.path) == [
                "/fixture.v1.ThingService/GetThing", "/fixture.v1.ThingService/WatchThings",
                "/fixture.v1.ThingService/CollectThings", "/fixture.v1.ThingService/ExchangeThings",
            ])
        #expect(all.map(\.isClientStreaming) == [false, false, true, true])
        #expect(all.map(\.isServerStreaming) == [false, true, false, true])
    }
}
