internal import ProtobufWire
internal import RPCModel

/// A stream that is abandoned when it is silent for too long while a reader waits.
///
/// Behind a proxy neither the connection nor its PINGs show that the service is gone. Releasing it cancels the call.
struct ListenedStream<Response: Message> {
    private let responses: ResponseStream<Response>
    private var messages: ResponseStream<Response>.AsyncIterator

    init(_ responses: ResponseStream<Response>) {
        self.responses = responses
        messages = responses.makeAsyncIterator()
    }

    /// - Parameter limit: for this wait only, so that a slow reader does not take a stream for dead.
    /// - Throws: the call's error; a broken connection, UNAVAILABLE, when nothing arrived within the limit.
    mutating func next(within limit: Duration) async throws(RPCError) -> Response? {
        // Cancelled below.
        let silence = Task { [responses] in
            do { try await Task.sleep(for: limit) } catch { return false }
            responses.cancel()
            return true
        }
        defer { silence.cancel() }
        do {
            return try await messages.next()
        } catch {
            silence.cancel()
            guard await silence.value else { throw error }
            throw .brokenConnection(.unavailable, "nothing was heard of the service for \(limit)")
        }
    }
}
