import GRPCStandardAPI
import ProtobufWire
import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing

/// Each case of connectrpc/conformance for clients of gRPC-Web and Connect, through the decoder and the call's stream.
@Suite struct ConformanceCaseTests {
    /// Names per suite. Left out: `error/allow-unrecognized-details`, which the suite itself has disabled.
    private static let names: [String: Set<String>] = [
        "Connect Unexpected Responses": [
            "unexpected-error-body", "client-stream/ok-but-no-response", "client-stream/multiple-responses",
            "client-stream/no-end-stream", "server-stream/no-end-stream",
            "bidi-stream/half-duplex/no-end-stream",
            "unexpected-content-type", "unexpected-codec", "unexpected-stream-codec",
            "unexpected-compression",
            "unexpected-compressed-message",
        ],
        "Connect Error and End-Stream": [
            "error/null", "error/null-code", "error/missing-code", "error/unrecognized-code",
            "error/missing-message",
            "error/allow-unrecognized-fields", "error/invalid-details-debug", "error/missing-details-debug",
            "error/allow-unrecognized-fields-in-details", "end-stream/null-error", "end-stream/null-code",
            "end-stream/missing-code", "end-stream/unrecognized-code", "end-stream/missing-message",
            "end-stream/allow-unrecognized-fields", "end-stream/invalid-details-debug",
            "end-stream/missing-details-debug",
        ],
        "Connect Empty Responses": [
            "unary/empty-response", "client-stream/empty-response", "server-stream/empty-response",
            "bidi-stream/half-duplex/empty-response",
        ],
        "gRPC-Web Empty Responses": [
            "unary/empty-response", "client-stream/empty-response", "server-stream/empty-response",
            "bidi-stream/half-duplex/empty-response",
        ],
        "Connect Compressed Error and End-Stream": ["error/compressed", "end-stream/compressed"],
        "gRPC-Web Compressed Trailers": ["trailers-in-body/compressed"],
        "gRPC-Web Trailers": [
            "unary/trailers-in-body/expected", "unary/trailers-in-body/mixed-case",
            "unary/trailers-in-body/duplicate-metadata", "unary/trailers-only/expected",
            "unary/trailers-only/duplicate-metadata", "server-stream/trailers-in-body/expected",
            "server-stream/trailers-in-body/mixed-case", "server-stream/trailers-in-body/duplicate-metadata",
            "server-stream/trailers-only/expected", "server-stream/trailers-only/duplicate-metadata",
        ],
        "gRPC-Web Unexpected Responses": [
            "trailers-in-body/missing-status", "trailers-in-body/unary/ok-but-no-response",
            "trailers-in-body/unary/multiple-responses", "trailers-in-body/client-stream/ok-but-no-response",
            "trailers-in-body/client-stream/multiple-responses", "trailers-only/missing-status",
            "trailers-only/unary/ok-but-no-response", "trailers-only/client-stream/ok-but-no-response",
            "trailers-only/ignore-header-if-body-present", "unexpected-content-type", "unexpected-codec",
            "unexpected-compression", "unexpected-compressed-message",
        ],
        "gRPC-Web Proto Sub-Format Responses": ["with-proto-sub-format", "without-proto-sub-format"],
        "HTTP to RPC Code Mapping": [
            "bad-request", "unauthorized", "forbidden", "not-found", "conflict", "precondition-failed",
            "payload-too-large", "unsupported-media-type", "too-many-requests",
            "request-header-fields-too-large",
            "bad-gateway", "service-unavailable", "gateway-timeout", "http-version-not-supported",
        ],
        "Unexpected Responses": ["unmapped-http-status-code", "nonexistent-http-status-code"],
    ]

    @Test func `every case that applies is tried`() {
        let tried = Dictionary(grouping: ConformanceCase.all, by: \.suite).mapValues { Set($0.map(\.name)) }
        #expect(tried == Self.names)
    }

    private struct Outcome {
        var initial: Metadata?
        var payloads: [[UInt8]] = []
        var error: RPCError?
        var trailers = Metadata()
    }

    /// The events reach a client's call as its loop would bring them.
    private static func outcome(of events: [ResponseEvent], hasOneResponse: Bool) async -> Outcome {
        var outcome = Outcome()
        let stream = CallStream(maxMessageBytes: 1000)
        for event in events {
            switch event {
            case .initialMetadata(let metadata):
                outcome.initial = metadata
                stream.receiveInitialMetadata(metadata)
            case .message(let message): _ = try? envelope(message).withUnsafeBytes { try stream.receive($0) }
            case .end(let error, let trailers):
                outcome.trailers = trailers
                stream.end(error, trailers: trailers)
            }
        }
        do throws(RPCError) {
            if hasOneResponse {
                let only: RawMessage = try await stream.onlyMessage()
                outcome.payloads.append(only.bytes)
            } else {
                while let next: RawMessage = try await stream.nextMessage() {
                    outcome.payloads.append(next.bytes)
                }
            }
        } catch {
            outcome.error = error
        }
        return outcome
    }

    @Test("a case ends as the suite has it, however its bytes are cut", arguments: ConformanceCase.all)
    func ends(test: ConformanceCase) async throws {
        for size in [1, 6, 1000] {
            let found = events(test.contentType, test.head, cut(test.body, every: size))
            let outcome = await Self.outcome(of: found, hasOneResponse: test.hasOneResponse)
            if test.codes.isEmpty {
                #expect(outcome.error == nil)
            } else {
                let code = try #require(outcome.error?.code)
                #expect(test.codes.contains(code))
            }
            if let message = test.message { #expect(outcome.error?.message == message) }
            if let trailers = test.trailers { #expect(outcome.trailers == trailers) }
            if let initial = test.initial { #expect(outcome.initial == initial) }
            if let payloads = test.payloads { #expect(outcome.payloads == payloads) }
            if let details = test.details {
                let status = try Google_Rpc_Status(decoding: outcome.error?.statusDetails ?? [])
                #expect(status.details.map(\.value) == [details])
                #expect(
                    status.details.map(\.typeURL) == [
                        "type.googleapis.com/google.protobuf.FileDescriptorProto"
                    ])
            }
        }
    }
}
