internal import ProtobufWire
internal import RPCModel
internal import RPCOverHTTP2

/// gRPC's length prefixes and compressed messages.
enum DeframerFuzz {
    private static let maxMessageBytes = 1000

    /// The first byte is the size of the chunks: messages, errors and their order do not depend on it.
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let size = input.first, size > 0 else { return }
        let stream = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        let chunked = messages(of: stream, chunk: Int(size))
        let whole = messages(of: stream, chunk: max(1, stream.count))
        precondition(chunked == whole, "chunking changes the messages")
        for message in whole where message.first == 1 { unpack(message.dropFirst()) }
    }

    private static func messages(of stream: UnsafeRawBufferPointer, chunk: Int) -> [[UInt8]] {
        var deframer = MessageDeframer(maxMessageBytes: maxMessageBytes)
        var found: [[UInt8]] = []
        for start in Swift.stride(from: 0, to: stream.count, by: chunk) {
            let part = UnsafeRawBufferPointer(rebasing: stream[start..<min(start + chunk, stream.count)])
            let failure: FramingError?
            do throws(FramingError) {
                try deframer.append(part)
                failure = nil
            } catch {
                failure = error
            }
            // Messages before the bad one are whole and stay readable.
            while let frame = deframer.first() {
                precondition(frame.payloadByteCount <= maxMessageBytes)
                found.append([frame.isCompressed ? 1 : 0] + deframer.withPayload(of: frame) { [UInt8]($0) })
                deframer.dropFirst(frame)
            }
            if failure != nil { return found }
        }
        return found
    }

    private static func unpack(_ packed: ArraySlice<UInt8>) {
        packed.withUnsafeBytes { packed in
            var plain = ByteBuffer()
            try? MessageCompression.gzip.decompress(packed, &plain, maxMessageBytes)
            precondition(plain.count <= maxMessageBytes + 1, "unpacking went past its limit")
        }
    }
}
