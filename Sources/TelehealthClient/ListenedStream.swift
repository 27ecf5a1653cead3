internal import ProtobufWire
internal import RPCModel

/// A stream that is given up when it says nothing for too long while somebody waits for it.
///
/// Behind a proxy neither the connection nor its PINGs tell that the service is gone. Dropping it cancels the call.
struct ListenedStream<Response: Message> {
    private let responses: ResponseStream<Response>
    private var messages: ResponseStream<Response>.AsyncIterator

    init(_ responses: ResponseStream<Response>) {
        self.responses = responses
        messages = responses.makeAsyncIterator()
    }

    /// - Parameter limit: of this wait alone, so that a slow reader takes no stream for dead.
    /// - Throws: the call's error; a broken connection, UNAVAILABLE, when nothing came within the limit.
    mutating func next(within limit: Duration) async throws(RPCError) -> Response? {
        // Ended below.
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
