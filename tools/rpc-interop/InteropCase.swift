import ArgumentParser
import InteropMessages

/// The cases of the suite's document that need no Google account, and the negative HTTP/2 ones, which need a
/// server that misbehaves on purpose.
enum InteropCase: String, CaseIterable, ExpressibleByArgument {
    case emptyUnary = "empty_unary"
    case largeUnary = "large_unary"
    case clientCompressedUnary = "client_compressed_unary"
    case serverCompressedUnary = "server_compressed_unary"
    case clientStreaming = "client_streaming"
    case clientCompressedStreaming = "client_compressed_streaming"
    case serverStreaming = "server_streaming"
    case serverCompressedStreaming = "server_compressed_streaming"
    case pingPong = "ping_pong"
    case emptyStream = "empty_stream"
    case halfDuplex = "half_duplex"
    case customMetadata = "custom_metadata"
    case statusCodeAndMessage = "status_code_and_message"
    case specialStatusMessage = "special_status_message"
    case unimplementedMethod = "unimplemented_method"
    case unimplementedService = "unimplemented_service"
    case cancelAfterBegin = "cancel_after_begin"
    case cancelAfterFirstResponse = "cancel_after_first_response"
    case timeoutOnSleepingServer = "timeout_on_sleeping_server"
    case concurrentLargeUnary = "concurrent_large_unary"
    case longLivedChannel = "long_lived_channel"
    case rpcSoak = "rpc_soak"
    case channelSoak = "channel_soak"
    case orcaPerRPC = "orca_per_rpc"
    case orcaOOB = "orca_oob"
    /// Needs a server that allows two streams for each connection.
    case connectionScaling = "max_concurrent_streams_connection_scaling"
    // The server misbehaves.
    case goaway
    case rstAfterHeader = "rst_after_header"
    case rstDuringData = "rst_during_data"
    case rstAfterData = "rst_after_data"
    case ping
    case maxStreams = "max_streams"
    case dataFramePadding = "data_frame_padding"
    case noPaddingSanityTest = "no_df_padding_sanity_test"

    func play(_ calls: InteropCalls, soak: SoakOptions) async throws {
        switch self {
        case .emptyUnary: try await calls.emptyUnary()
        case .largeUnary, .ping, .dataFramePadding, .noPaddingSanityTest: try await calls.largeUnary()
        case .clientCompressedUnary: try await calls.clientCompressedUnary()
        case .serverCompressedUnary: try await calls.serverCompressedUnary()
        case .clientStreaming: try await calls.clientStreaming()
        case .clientCompressedStreaming: try await calls.clientCompressedStreaming()
        case .serverStreaming: try await calls.serverStreaming()
        case .serverCompressedStreaming: try await calls.serverCompressedStreaming()
        case .pingPong: try await calls.pingPong()
        case .emptyStream: try await calls.emptyStream()
        case .halfDuplex: try await calls.halfDuplex()
        case .customMetadata: try await calls.customMetadata()
        case .statusCodeAndMessage: try await calls.statusCodeAndMessage()
        case .specialStatusMessage: try await calls.specialStatusMessage()
        case .unimplementedMethod: try await calls.unimplemented(Methods.unimplementedCall)
        case .unimplementedService: try await calls.unimplemented(UnimplementedMethods.unimplementedCall)
        case .cancelAfterBegin: try await calls.cancelAfterBegin()
        case .cancelAfterFirstResponse: try await calls.cancelAfterFirstResponse()
        case .timeoutOnSleepingServer: try await calls.timeoutOnSleepingServer()
        case .concurrentLargeUnary: try await calls.concurrentLargeUnary(count: 1000)
        case .longLivedChannel: try await calls.longLivedChannel(soak)
        case .rpcSoak: try await calls.soak(soak, freshChannels: false)
        case .channelSoak: try await calls.soak(soak, freshChannels: true)
        case .orcaPerRPC: try await calls.loadReportOfCall()
        case .orcaOOB: try await calls.loadReportsOfServer()
        case .connectionScaling: try await calls.connectionScaling()
        case .goaway: try await calls.goaway()
        case .rstAfterHeader, .rstDuringData, .rstAfterData: try await calls.resetCall()
        case .maxStreams: try await calls.maxStreams()
        }
    }
}
