internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import RPCProtocols

// Calls of gRPC-Web and Connect: how their requests are recognized, and how their bodies pass through a TranslatedCall.
extension ServerCall {
    /// What a request that is not gRPC turns out to be.
    enum Translation {
        /// - Parameter route: the method's index among the routes.
        case call(TranslatedCall, route: Int)
        case failed(TranslatedCall, RPCError)
        case refused(TranslatedCall)
        /// Of no protocol, and not of a method's path.
        case none
    }

    func translation(of headers: HeaderBlock, endStream: Bool) -> Translation {
        guard dispatcher.configuration.offersWebProtocols, !headers.exceedsLimit,
            let request = RequestHead(headers, hasBody: !endStream)
        else { return .none }
        let route = Array(request.path.utf8).withUnsafeBytes { dispatcher.routes.index(ofPath: $0) }
        if route == nil {
            // The pages of a server are at other paths.
            guard request.method == "POST", request.fields["content-type"].flatMap(RPCContentType.init) != nil
            else { return .none }
        }
        let method = route.map { index in
            let route = dispatcher.routes.routes[index]
            return RoutedMethod(route.method, allowsGet: route.allowsGet)
        }
        switch RequestRouting.decide(request, for: method) {
        case .refuse(let refusal): return .refused(TranslatedCall(refusing: refusal))
        case .fail(let error, let form, let fields):
            return .failed(TranslatedCall(failing: form, fields: fields), error)
        case .call(let head):
            guard let route else { return .none }
            let transcoder =
                head.form.codec == .json ? dispatcher.jsonMethods.transcoder(of: head.method) : nil
            if head.form.codec == .json, transcoder == nil {
                let error = RPCError(
                    .unimplemented, "the server has no description of the method's messages in JSON")
                return .failed(TranslatedCall(failing: head.form, fields: [:]), error)
            }
            let call = TranslatedCall(
                head, transcoder: transcoder?.ofServer,
                maxMessageBytes: dispatcher.configuration.maxRequestBytes)
            return .call(call, route: route)
        }
    }

    /// The body's next bytes as length-prefixed messages, and the window of bytes that become none.
    ///
    /// - Returns: `nil` when they ended the call.
    func translate(_ bytes: UnsafeRawBufferPointer, by call: TranslatedCall) -> [UInt8]? {
        do throws(RPCError) {
            let messages = try call.receive(bytes)
            // The stream returns the window of its messages when they are taken.
            if bytes.count > messages.count { consume(bytes.count - messages.count) }
            return messages
        } catch {
            failRequest(error, byteCount: bytes.count)
            return nil
        }
    }

    /// Gives the stream the messages that the end of the body completes.
    ///
    /// - Returns: `false` when it ended the call.
    func endTranslatedRequest(_ call: TranslatedCall, _ stream: CallStream) -> Bool {
        do throws(RPCError) {
            let messages = try call.endRequest()
            do throws(FramingError) {
                _ = try messages.span.bytes.withUnsafeBytes {
                    (messages: UnsafeRawBufferPointer) throws(FramingError) in
                    try stream.receive(messages)
                }
            } catch {
                throw RPCError(ofRequest: error)
            }
            return true
        } catch {
            failRequest(error, byteCount: 0)
            return false
        }
    }

    // MARK: Response

    /// The head, unless it was sent or waits for the status.
    func startTranslated(_ call: TranslatedCall) { sendTranslated(call.start(initialMetadata)) }

    func sendTranslated(_ output: ResponseEncoder.Output) {
        if let head = output.head {
            calls.scratch.add(head)
            sendHeaders(calls.scratch)
            calls.scratch.removeAll()
        }
        if !output.body.isEmpty { write(output.body.span) }
        if output.end != nil { finish() }
    }
}
