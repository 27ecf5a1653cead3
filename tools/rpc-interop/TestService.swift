import InteropMessages
import ProtobufWire
import RPCModel

/// `grpc.testing.TestService` as the suite describes it, without `UnimplementedCall`, which no server has.
///
/// The calls that look at compression work on the call's stream: the messages' flags are not part of handlers'
/// types.
struct TestService: RPCService {
    let load: LoadScene

    /// The longest response made on request; the suite's own are far below.
    private static let responseBytesMax = 16 << 20
    /// Requests that `HalfDuplexCall` keeps before it answers.
    private static let heldRequestsMax = 1000

    var fileDescriptors: [FileDescriptorBytes] { [Src_Proto_Grpc_Testing_Test_File.descriptor] }

    var routes: [ServerRoute] {
        [
            .unary(Methods.emptyCall) { (request: Empty, context) async throws(RPCError) -> Empty in
                Self.echoMetadata(context)
                return request
            },
            ServerRoute(Methods.unaryCall, invoke: Self.answerUnary),
            ServerRoute(Methods.cacheableUnaryCall, invoke: Self.answerUnary),
            ServerRoute(Methods.streamingInputCall, invoke: Self.sumInput),
            .serverStreaming(Methods.streamingOutputCall) {
                (
                    request: StreamingOutputCallRequest,
                    responses: ResponseWriter<StreamingOutputCallResponse>, context
                )
                    async throws(RPCError) in
                Self.echoMetadata(context)
                try Self.throwStatus(request.responseStatus)
                try await Self.write(request, to: responses, context)
            },
            .bidirectional(Methods.fullDuplexCall) {
                (
                    requests: RequestStream<StreamingOutputCallRequest>,
                    responses: ResponseWriter<StreamingOutputCallResponse>, context
                ) async throws(RPCError) in
                Self.echoMetadata(context)
                var setsLoad = false
                defer { if setsLoad { load.giveBack() } }
                for try await request in requests {
                    try Self.throwStatus(request.responseStatus)
                    if let report = request.orcaOobReport {
                        if !setsLoad { try await load.take() }
                        setsLoad = true
                        load.set(LoadReport(report))
                    }
                    try await Self.write(request, to: responses, context)
                }
            },
            .bidirectional(Methods.halfDuplexCall) {
                (
                    requests: RequestStream<StreamingOutputCallRequest>,
                    responses: ResponseWriter<StreamingOutputCallResponse>, context
                ) async throws(RPCError) in
                Self.echoMetadata(context)
                var held: [StreamingOutputCallRequest] = []
                for try await request in requests {
                    guard held.count < Self.heldRequestsMax else {
                        throw RPCError(
                            .resourceExhausted, "more than \(Self.heldRequestsMax) requests to hold")
                    }
                    held.append(request)
                }
                for request in held { try await Self.write(request, to: responses, context) }
            },
        ]
    }

    @Sendable private static func answerUnary(_ stream: CallStream, _ context: ServerCallContext)
        async throws(RPCError)
    {
        let request: SimpleRequest = try stream.takeOnlyMessage()
        try check(request.expectCompressed, stream)
        echoMetadata(context)
        try throwStatus(request.responseStatus)
        if let report = request.orcaPerQueryReport { context.loadReport = LoadReport(report) }
        var response = SimpleResponse()
        response.payload = try payload(request.responseSize)
        if request.fillServerID { response.serverID = "telehealth-rpc" }
        if request.fillUsername { response.username = context.peer.verifiedIdentity?.commonName ?? "" }
        _ = try stream.write(response, compressed: request.responseCompressed?.value ?? false)
    }

    @Sendable private static func sumInput(_ stream: CallStream, _ context: ServerCallContext)
        async throws(RPCError)
    {
        echoMetadata(context)
        var sum = 0
        while let request: StreamingInputCallRequest = try await stream.nextMessage() {
            try check(request.expectCompressed, stream)
            sum += request.payload?.body.count ?? 0
        }
        let total = sum
        _ = try stream.write(
            StreamingInputCallResponse.with { $0.aggregatedPayloadSize = Int32(clamping: total) })
    }

    private static func write(
        _ request: StreamingOutputCallRequest, to responses: ResponseWriter<StreamingOutputCallResponse>,
        _ context: ServerCallContext
    ) async throws(RPCError) {
        for parameters in request.responseParameters {
            if parameters.intervalUs > 0 {
                do {
                    try await Task.sleep(for: .microseconds(parameters.intervalUs))
                } catch {
                    throw RPCError(.cancelled, "cancelled between two responses")
                }
            }
            var response = StreamingOutputCallResponse()
            response.payload = try payload(parameters.size)
            if parameters.fillPeerSocketAddress?.value == true { response.peerSocketAddress = context.peer.address }
            try await responses.write(response, compressed: parameters.compressed?.value ?? false)
        }
    }

    private static func payload(_ size: Int32) throws(RPCError) -> Grpc_Testing_Payload {
        guard (0...responseBytesMax).contains(Int(size)) else {
            throw RPCError(.invalidArgument, "a response of \(size) bytes: want 0...\(responseBytesMax)")
        }
        return .zeros(Int(size))
    }

    /// The request says how it should have come; `expectation` is absent when it does not care.
    private static func check(_ expectation: Grpc_Testing_BoolValue?, _ stream: CallStream) throws(RPCError) {
        guard let expectation, expectation.value != stream.lastMessageWasCompressed else { return }
        throw RPCError(
            .invalidArgument,
            expectation.value ? "the request is not compressed" : "the request is compressed")
    }

    private static func throwStatus(_ status: Grpc_Testing_EchoStatus?) throws(RPCError) {
        guard let status, let code = UInt8(exactly: status.code).flatMap(RPCError.Code.init(rawValue:)) else {
            return
        }
        throw RPCError(code, status.message)
    }

    private static func echoMetadata(_ context: ServerCallContext) {
        for value in context.metadata.values(named: EchoedMetadata.initial) {
            context.initialMetadata.append(EchoedMetadata.initial, value)
        }
        if let bytes = context.metadata.binary(named: EchoedMetadata.trailing) {
            context.trailingMetadata.append(EchoedMetadata.trailing, binary: bytes)
        }
    }
}
