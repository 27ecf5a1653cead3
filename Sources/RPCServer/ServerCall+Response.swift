internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2

extension ServerCall {
    /// Sends what the handler has written since the last time, unless the connection is backlogged.
    func flush() {
        guard !state.isFinished else { return }
        sendQueued()
    }

    private func sendQueued() {
        guard let stream else { return }
        let status = stream.drainOutbound { send($0) }
        if status.wantsHeaders { sendHeadersIfFirst() }
        if queuedByteCount > highWater { stream.setBacklogged(true) }
    }

    private func send(_ messages: UnsafeRawBufferPointer) {
        sendHeadersIfFirst()
        if let translated { sendTranslated(translated.send(messages)) } else { write(messages) }
    }

    /// Sends the rest before the status, even when the transport is backlogged: it is at most one high-water mark.
    func sendRest(_ reason: RPCError) {
        stream?.drainOutboundAndEnd(reason) { send($0) }
    }

    /// Sends the usual response in one step: nothing was sent before, everything the handler wrote is at hand, and it
    /// added no metadata.
    ///
    /// - Returns: `false` when the response is not of this kind; nothing was sent then.
    func answerWhole() -> Bool {
        guard let stream, state.hasSentNothing, !compressesResponses, !hasResponseMetadata, translated == nil
        else {
            return false
        }
        let headers = mentionsEncodings ? calls.responseHeadersOfferingGzip : calls.responseHeaders
        stream.drainOutboundAndEnd(Self.isOver) { bytes in
            respond(headers: headers, bytes, trailers: calls.okTrailers)
            _ = state.send()
            _ = state.finish()
        }
        guard state.isFinished else { return false }
        if state.needsResetAfterTrailers { stopPeerAfterEnd() }
        return true
    }

    private func sendHeadersIfFirst() {
        switch state.send() {
        case .write, .ignore: return
        case .writeHeadersFirst: break
        }
        if let translated { return startTranslated(translated) }
        let metadata = initialMetadata
        if metadata.isEmpty, !compressesResponses {
            if mentionsEncodings {
                sendHeaders(calls.responseHeadersOfferingGzip)
            } else {
                sendHeaders(calls.responseHeaders)
            }
            return
        }
        startScratch()
        if compressesResponses { calls.scratch.add("grpc-encoding", "gzip") }
        if mentionsEncodings { calls.scratch.add("grpc-accept-encoding", "identity,gzip") }
        calls.scratch.add(metadata)
        sendHeaders(calls.scratch)
        calls.scratch.removeAll()
    }

    func sendStatus(
        _ error: RPCError?, metadata: Metadata, extra: [(StaticString, StaticString)], isOnly: Bool
    ) {
        if let translated {
            if isOnly { startTranslated(translated) }
            return sendTranslated(translated.finish(error, trailers: metadata))
        }
        if error == nil, !isOnly, metadata.isEmpty { return sendTrailers(calls.okTrailers) }
        if isOnly {
            startScratch()
            calls.scratch.add(initialMetadata)
        }
        if let error {
            calls.scratch.add(error)
        } else {
            calls.scratch.add("grpc-status", "0")
        }
        for (name, value) in extra { calls.scratch.add(name, value) }
        calls.scratch.add(metadata)
        if isOnly {
            sendTrailersOnly(calls.scratch)
        } else {
            sendTrailers(calls.scratch)
        }
        calls.scratch.removeAll()
    }

    private func startScratch() {
        calls.scratch.add(":status", "200")
        calls.scratch.add("content-type", GRPCContentType.value)
    }
}
