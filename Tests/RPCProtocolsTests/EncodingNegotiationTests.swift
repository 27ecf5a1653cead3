import RPCModel
import RPCProtocols
import Testing

/// RFC 9110 section 12.5.3; Connect protocol, "Unary-Request" (Accept-Encoding).
@Suite struct EncodingNegotiationTests {
    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("gzip, br", true), ("br, gzip", true),
        ("identity,gzip", true),
        ("gzip;q=0.001", true), ("gzip; q=1.000", true), ("*", true), ("br;q=1, *;q=0.1", true),
        ("gzip;q=0.5;x=1", true),
        ("", false), ("identity", false), ("br", false), ("gzip;q=0", false), ("gzip;q=0.000", false),
        ("gzip; Q=0", false),
        ("*;q=0", false), ("gzip;q=0, *", false), ("gzip;q=0.5, identity", false),
        ("gzip;q=0.5, identity;q=0.6", false),
        ("gzip;q=nan", false), ("gzip;q=", false), ("gzip;q=0.0001", false), ("gzip;q=-1", false),
        (",,;,", false),
        ("gzipped", false),
    ])
    func `a response is compressed if the client accepts it as gladly as none`(accepted: String, isGzip: Bool)
    {
        for request in [CallOptions.Compression.none, .gzip] {
            #expect(
                EncodingNegotiation.response(toRequest: request, accepted: accepted)
                    == (isGzip ? .gzip : .none))
        }
    }

    @Test(arguments: [CallOptions.Compression.none, .gzip])
    func `without a list the client accepts the encoding of its request`(request: CallOptions.Compression) {
        #expect(EncodingNegotiation.response(toRequest: request, accepted: nil) == request)
    }

    @Test(arguments: ["foo", "deflate", "br", "gzip, gzip", "gzip "])
    func `another encoding of a request is not supported`(name: String) {
        #expect(CallOptions.Compression(encodingName: name) == nil)
    }

    @Test func `encodings are named in any case`() {
        #expect(CallOptions.Compression(encodingName: "GZip") == .gzip)
        #expect(CallOptions.Compression(encodingName: "Identity") == CallOptions.Compression.none)
        for compression in [CallOptions.Compression.none, .gzip] {
            #expect(CallOptions.Compression(encodingName: compression.encodingName) == compression)
        }
    }
}
