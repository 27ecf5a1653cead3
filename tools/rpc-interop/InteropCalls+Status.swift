import InteropMessages
import ProtobufWire
import RPCModel

// Metadata, statuses, cancellation and deadlines.
extension InteropCalls {
    func customMetadata() async throws {
        var metadata: Metadata = [EchoedMetadata.initial: "test_initial_metadata_value"]
        metadata.append(EchoedMetadata.trailing, binary: [0xAB, 0xAB, 0xAB])
        let options = CallOptions(metadata: metadata)
        func expectEchoes(_ initial: Metadata, _ trailing: Metadata) throws {
            try expect(initial[EchoedMetadata.initial] == "test_initial_metadata_value", "initial: \(initial)")
            let bytes = trailing.binary(named: EchoedMetadata.trailing)
            try expect(bytes == [0xAB, 0xAB, 0xAB], "trailing: \(trailing)")
        }
        let answer = try await unary(Methods.unaryCall, Self.largeRequest, options: options, as: SimpleResponse.self)
        try expectEchoes(answer.initialMetadata, answer.trailingMetadata)

        let call = makeDuplexCall(options: options)
        try await call.write(.exchange(size: Self.largeResponseSize, payload: 271_828))
        call.finishWriting()
        for try await response in call.responses { try expect(response.payload?.body, size: Self.largeResponseSize) }
        try expectEchoes(try await call.responses.initialMetadata, call.responses.trailingMetadata)
    }

    func statusCodeAndMessage() async throws {
        let status = Grpc_Testing_EchoStatus.with { $0.code = 2; $0.message = "test status message" }
        try await expectEcho(status)
        let error = try await failure(.unknown) {
            let call = makeDuplexCall()
            try await call.write(.with { $0.responseStatus = status })
            call.finishWriting()
            for try await _ in call.responses {}
        }
        try expect(error.message == status.message && error.isFromPeer, "\(error)")
    }

    func specialStatusMessage() async throws {
        try await expectEcho(
            .with {
                $0.code = 2
                $0.message = "\t\ntest with whitespace\r\nand Unicode BMP \u{263A} and non-BMP \u{1F608}\t\n"
            })
    }

    private func expectEcho(_ status: Grpc_Testing_EchoStatus) async throws {
        let error = try await failure(.unknown) {
            _ = try await unary(
                Methods.unaryCall, SimpleRequest.with { $0.responseStatus = status }, as: SimpleResponse.self)
        }
        try expect(error.message == status.message && error.isFromPeer, "\(error)")
    }

    func unimplemented(_ method: MethodDescriptor) async throws {
        _ = try await failure(.unimplemented) { _ = try await unary(method, Empty(), as: Empty.self) }
    }

    func cancelAfterBegin() async throws {
        let call = streamingInput()
        call.cancel()
        _ = try await failure(.cancelled) { _ = try await call.finish() }
    }

    func cancelAfterFirstResponse() async throws {
        let call = makeDuplexCall()
        var responses = call.responses.makeAsyncIterator()
        try await call.write(.exchange(size: 31415, payload: 27182))
        try expect(try await responses.next()?.payload?.body, size: 31415)
        call.cancel()
        _ = try await failure(.cancelled) { while try await responses.next() != nil {} }
    }

    func timeoutOnSleepingServer() async throws {
        _ = try await failure(.deadlineExceeded) {
            let call = makeDuplexCall(options: CallOptions(timeout: .milliseconds(1)))
            try await call.write(.with { $0.payload = .zeros(27182) })
            for try await _ in call.responses {}
        }
    }
}

typealias UnimplementedMethods = Grpc_Testing_UnimplementedService_Methods
