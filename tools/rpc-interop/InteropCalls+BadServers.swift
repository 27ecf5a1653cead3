import InteropMessages
import ProtobufWire
import RPCModel

// The negative HTTP/2 cases: the server on the other side breaks off, withholds or pads.
extension InteropCalls {
    /// The server says GOAWAY during the first call, so the second needs another connection.
    func goaway() async throws {
        try await largeUnary()
        try await Task.sleep(for: .seconds(1))
        try await largeUnary()
    }

    /// The server resets the stream after headers, within a message, or after it, but never sends a status.
    func resetCall() async throws {
        _ = try await failure(.internal) { try await largeUnary() }
    }

    /// The server allows one stream at a time.
    func maxStreams() async throws {
        try await largeUnary()
        try await concurrentLargeUnary(count: 10)
    }
}
