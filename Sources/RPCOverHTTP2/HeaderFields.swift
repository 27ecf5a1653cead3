// Between RPCModel's values and HTTP/2 header fields, the same on both sides of the wire.
public import HTTP2Engine
public import RPCModel
internal import TextFormats

extension Metadata {
    /// The custom metadata of a received header block: everything except pseudo-headers and fields of gRPC or HTTP/2.
    /// `grpc-…` names are reserved, so unknown ones are also left out.
    public init(_ headers: HeaderBlock) {
        self.init()
        // A first pass to size the storage: growing it would cost more.
        var fieldCount = 0
        var byteCount = 0
        for index in 0..<headers.count {
            let field = headers[index]
            guard field.isCustomMetadata else { continue }
            fieldCount += 1
            byteCount += field.name.count + field.value.count
        }
        guard fieldCount > 0 else { return }
        reserve(fieldCount: fieldCount, byteCount: byteCount)
        for index in 0..<headers.count {
            let field = headers[index]
            if field.isCustomMetadata { append(wireName: field.name, wireValue: field.value) }
        }
    }
}

extension HeaderField {
    fileprivate var isCustomMetadata: Bool {
        switch known {
        case .other: !nameStarts(with: "grpc-") && name.first != UInt8(ascii: ":")
        case .authorization, .userAgent, .traceparent, .tracestate: true
        default: false
        }
    }
}

extension HeaderList {
    /// Appends custom metadata; `authorization` is marked so that HPACK never indexes it.
    public mutating func add(_ metadata: Metadata) {
        guard !metadata.isEmpty else { return }
        metadata.forEachWireField { name, value in
            name.withUnsafeBytes { name in
                value.withUnsafeBytes { value in
                    add(name: name, value: value, isSensitive: name.elementsEqual("authorization".utf8))
                }
            }
        }
    }

    /// Appends bytes under a constant name.
    public mutating func add(_ name: StaticString, bytes: [UInt8]) {
        bytes.withUnsafeBytes { add(name, $0) }
    }

    /// Appends `grpc-status`, `grpc-message` and `grpc-status-details-bin` of a failed call, then its trailers.
    ///
    /// - Parameters:
    ///   - maxMessageBytes: a longer message is cut, so that a status always fits the peer's header limit.
    ///   - maxDetailsBytes: longer details are left out, because a part could not be parsed; base64 adds a third, and
    ///     together with the message they stay below the 16 KiB that gRPC's own libraries accept.
    public mutating func add(_ error: RPCError, maxMessageBytes: Int = 4096, maxDetailsBytes: Int = 8192) {
        add("grpc-status", String(error.code.rawValue))
        if !error.message.isEmpty {
            let message =
                error.message.utf8.count <= maxMessageBytes
                ? error.message : String(decoding: error.message.utf8.prefix(maxMessageBytes), as: UTF8.self)
            add("grpc-message", bytes: PercentEncoding.encode(message))
        }
        if !error.statusDetails.isEmpty, error.statusDetails.count <= maxDetailsBytes {
            add("grpc-status-details-bin", bytes: Base64.unpadded.encode(error.statusDetails))
        }
        if let pushback = error.retryPushback.trailer { add("grpc-retry-pushback-ms", pushback) }
        add(error.trailers)
    }
}

extension HeaderBlock {
    /// The call's status from trailers or a Trailers-Only response.
    ///
    /// - Returns: `nil` for OK. A missing or invalid `grpc-status` becomes UNKNOWN; a missing one counts as a broken
    ///   connection, because only the peer's own end of the call has it.
    public func rpcStatus(trailers: Metadata) -> RPCError? {
        guard let value = value(of: .grpcStatus) else {
            return .brokenConnection(.unknown, "the response ended without a grpc-status", trailers: trailers)
        }
        guard let parsed = RPCError.Code.parse(grpcStatus: value.assumingMemoryBound(to: UInt8.self).span)
        else {
            return RPCError(.unknown, "invalid grpc-status in the response", trailers: trailers)
        }
        guard let code = parsed else { return nil }
        let message = self.value(of: .grpcMessage).map { PercentEncoding.decode([UInt8]($0)) } ?? ""
        let details = self.value(of: .grpcStatusDetailsBin).flatMap { Base64.unpadded.decode([UInt8]($0)) } ?? []
        let pushback = self.value(of: .grpcRetryPushbackMS).map { String(decoding: $0, as: UTF8.self) }
        return RPCError(
            code, message, statusDetails: details, trailers: trailers,
            retryPushback: RetryPushback(trailer: pushback), isFromPeer: true)
    }

    /// Whether a comma-separated list under `header` contains `token`.
    public func list(_ header: KnownHeader, contains token: StaticString) -> Bool {
        guard let value = value(of: header) else { return false }
        return token.withUTF8Buffer { token in
            value.split(separator: UInt8(ascii: ",")).contains { part in
                part.filter { $0 != UInt8(ascii: " ") }.elementsEqual(token)
            }
        }
    }
}
