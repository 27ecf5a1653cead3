import RPCModel
import Testing

@Suite("Metadata") struct MetadataTests {
    private func received(_ fields: [(String, String)]) -> Metadata {
        var metadata = Metadata()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { metadata.append(wireName: name, wireValue: $0) }
            }
        }
        return metadata
    }

    private func wire(_ metadata: Metadata) -> [String] {
        var fields: [String] = []
        metadata.forEachWireField { name, value in
            fields.append(
                String(decoding: name, as: UTF8.self) + ": " + String(decoding: value, as: UTF8.self))
        }
        return fields
    }

    @Test("order and duplicates are kept") func keepsOrder() {
        let metadata: Metadata = ["b": "1", "a": "2", "b": "3"]
        #expect(metadata.map(\.name) == ["b", "a", "b"])
        #expect(metadata.values(named: "b") == ["1", "3"])
        #expect(metadata["b"] == "1")
        #expect(metadata["c"] == nil)
    }

    @Test("binary values are base64 on the wire, without padding") func sendsBinary() {
        var metadata = Metadata()
        metadata.append("x-bin", binary: [0xAB, 0xAB, 0xAB, 0xFF])
        #expect(wire(metadata) == ["x-bin: q6ur/w"])
        #expect(metadata["x-bin"] == nil)
    }

    @Test("joined binary values are split before they are decoded, and broken ones dropped")
    func splitsBinary() {
        let metadata = received([("k-bin", "q6ur,AQ==,!!!!,Ag"), ("k", "a,b")])
        let binary: [[UInt8]] = metadata.compactMap { field in
            if case .binary(let bytes) = field.value { bytes } else { nil }
        }
        #expect(binary == [[0xAB, 0xAB, 0xAB], [1], [2]])
        #expect(metadata.binary(named: "k-bin") == [0xAB, 0xAB, 0xAB])
        #expect(metadata.values(named: "k") == ["a,b"])
    }

    @Test("text that a header cannot carry is replaced, so that it cannot end the header") func sanitizes() {
        let metadata: Metadata = ["k": "a\r\nb\u{0}é"]
        #expect(wire(metadata) == ["k: a??b???"])
    }

    @Test(
        "names outside gRPC's alphabet, and gRPC's own, are refused",
        arguments: ["", "A", "grpc-status", "a b", "é", ":path"])
    func refusesName(name: String) {
        #expect(!Metadata.isValidName(name))
    }

    @Test("metadata is compared by its pairs, however they came") func compares() {
        #expect(
            received([("a", "1"), ("b-bin", "AQ==")])
                == {
                    var metadata: Metadata = ["a": "1"]
                    metadata.append("b-bin", binary: [1])
                    return metadata
                }())
        #expect(received([("a", "1")]) != received([("a", "2")]))
    }
}
