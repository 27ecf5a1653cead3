public import RPCModel
internal import TextFormats

// A call's status as gRPC's trailers, for the transports without HTTP/2 trailers of their own.
// Spec: gRPC PROTOCOL-HTTP2.md, "Responses".

extension HTTPFields {
    /// Appends `grpc-status`, `grpc-message`, `grpc-status-details-bin` and the trailing metadata of a call.
    ///
    /// - Parameter error: the status; `nil` is OK.
    /// - Parameter trailers: trailing metadata besides the error's own.
    public mutating func appendStatus(_ error: RPCError?, trailers: Metadata) {
        append("grpc-status", String(error?.code.rawValue ?? 0))
        if let error {
            if !error.message.isEmpty {
                append("grpc-message", String(decoding: PercentEncoding.encode(error.message), as: UTF8.self))
            }
            if !error.statusDetails.isEmpty {
                append("grpc-status-details-bin", Base64.unpadded.text(error.statusDetails))
            }
            if let pushback = error.retryPushback.trailer { append("grpc-retry-pushback-ms", pushback) }
            append(error.trailers)
        }
        append(trailers)
    }

    /// The status that a response's trailers report.
    ///
    /// - Returns: `nil` for OK. A missing or invalid `grpc-status` becomes UNKNOWN; a missing one counts as a broken
    ///   connection, because only the peer's own end of the call has it.
    public func status(trailers: Metadata) -> RPCError? {
        guard let value = self["grpc-status"] else {
            return .brokenConnection(.unknown, "the response ended without a grpc-status", trailers: trailers)
        }
        guard let parsed = RPCError.Code.parse(grpcStatus: value.utf8.span) else {
            return RPCError(.unknown, "invalid grpc-status in the response", trailers: trailers)
        }
        guard let code = parsed else { return nil }
        return RPCError(
            code, self["grpc-message"].map { PercentEncoding.decode(Array($0.utf8)) } ?? "",
            statusDetails: self["grpc-status-details-bin"].flatMap { Base64.unpadded.decode(Array($0.utf8)) }
                ?? [],
            trailers: trailers, retryPushback: RetryPushback(trailer: self["grpc-retry-pushback-ms"]),
            isFromPeer: true)
    }
}
