internal import ProtobufWire
internal import Synchronization

extension CallStream {
    /// What a client's call keeps of the bytes that it sent, for its other attempts.
    ///
    /// Isolation: the loop's side of a call, as that of every function for a ``CallDriver``.
    public struct KeptBytes {
        let stream: CallStream

        /// The call is committed to its current attempt: releases the kept bytes.
        public func release() { stream.state.withLock { $0.stopKeepingSentBytes() } }

        /// Marks all kept bytes to be sent again, to another attempt.
        public func rewind() {
            stream.state.withLock { state in
                state.sentByteCount = 0
                state.isBacklogged = false
            }
        }

        /// Lends the kept bytes that were sent to another attempt, for one more concurrent attempt.
        public func lend(_ send: (UnsafeRawBufferPointer) -> Void) {
            stream.state.withLock { state in
                guard state.keepsSentBytes, state.sentByteCount > 0 else { return }
                let count = state.sentByteCount
                unsafe state.outbound.withUnsafeBytes {
                    unsafe send(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                }
            }
        }
    }

    /// The sent bytes, kept from ``attachClient(_:compression:)`` until ``KeptBytes/release()``.
    public var keptBytes: KeptBytes { KeptBytes(stream: self) }
}
