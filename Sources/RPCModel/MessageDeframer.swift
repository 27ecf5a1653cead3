/// A fault in a stream of length-prefixed messages: always the peer's.
public enum FramingError: Error, Hashable, Sendable {
    /// The prefix announces more than the receiver accepts; nothing was stored for the message.
    case messageTooLarge(announced: Int, limit: Int)
    /// The first byte has a flag that the protocol reserves; in gRPC it is neither 0 nor 1.
    case invalidFlag(UInt8)
}

/// Splits a byte stream into length-prefixed gRPC messages, regardless of chunk boundaries.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | flags: 0x01 for a compressed message; other protocols with this prefix have one more |
/// | 1 | 4 | length of the message, big-endian |
/// | 5 | length | message |
///
/// Stores bytes that have arrived and were not dropped; grows with bytes received, never with bytes announced. Must
/// not be used after an error.
/// - Spec: PROTOCOL-HTTP2.md, "Length-Prefixed-Message".
public struct MessageDeframer: ~Copyable, Sendable {
    /// One complete message inside the buffer; valid until the next ``dropFirst(_:)``.
    public struct Frame: Sendable {
        public let flags: UInt8
        @usableFromInline let payloadStart: Int
        public let payloadByteCount: Int

        public var isCompressed: Bool { flags & MessageDeframer.compressedFlag != 0 }

        @usableFromInline
        init(flags: UInt8, payloadStart: Int, payloadByteCount: Int) {
            self.flags = flags
            self.payloadStart = payloadStart
            self.payloadByteCount = payloadByteCount
        }

        /// Bytes on the wire, prefix included.
        public var byteCount: Int { MessageDeframer.prefixByteCount + payloadByteCount }
    }

    public static let prefixByteCount = 5
    public static let compressedFlag: UInt8 = 1
    /// A larger drained buffer is released, so that one big message does not pin its memory.
    private static let keptCapacity = 16 * 1024
    /// Consumed bytes are removed from the front once there are this many.
    private static let compactionThreshold = 64 * 1024

    public let maxMessageBytes: Int
    /// Complete messages that wait to be taken.
    @inlinable public var completeCount: Int { Int(untakenCount) }
    @usableFromInline var untakenCount: UInt32 = 0
    /// Complete messages that have arrived so far, including those taken; wraps around.
    public private(set) var arrivedCount: UInt32 = 0
    private let reservedFlags: UInt8
    @usableFromInline var bytes: [UInt8] = []
    @usableFromInline var head = 0
    /// Where the first incomplete message starts; everything from `head` to here is complete messages.
    private var scanned = 0

    /// - Parameters:
    ///   - maxMessageBytes: the maximum payload size, without the prefix.
    ///   - endFlags: flags that mark the last frame of a protocol whose status is in the body; 0 in gRPC.
    public init(maxMessageBytes: Int, endFlags: UInt8 = 0) {
        self.maxMessageBytes = maxMessageBytes
        reservedFlags = ~(Self.compressedFlag | endFlags)
    }

    /// Bytes of complete messages not taken yet, including prefixes.
    public var completeByteCount: Int { scanned - head }

    /// Whether the stream stopped inside a message.
    public var hasPartialMessage: Bool { scanned < bytes.count }

    /// Bytes of the incomplete message, including its prefix.
    public var partialByteCount: Int { bytes.count - scanned }

    /// Receives the next bytes of the stream.
    ///
    /// - Throws: ``FramingError``, as soon as the prefix has arrived.
    /// - Complexity: O(chunk).
    public mutating func append(_ chunk: UnsafeRawBufferPointer) throws(FramingError) {
        unsafe bytes.append(contentsOf: chunk)
        while bytes.count - scanned >= Self.prefixByteCount {
            let flag = bytes[scanned]
            guard flag & reservedFlags == 0 else { throw .invalidFlag(flag) }
            let length = payloadByteCount(at: scanned)
            guard length <= maxMessageBytes else {
                throw .messageTooLarge(announced: length, limit: maxMessageBytes)
            }
            guard bytes.count - scanned - Self.prefixByteCount >= length else { return }
            scanned += Self.prefixByteCount + length
            untakenCount += 1
            arrivedCount &+= 1
        }
    }

    /// The first complete message, or `nil` when more bytes are needed.
    public func first() -> Frame? {
        guard completeCount > 0 else { return nil }
        return Frame(
            flags: bytes[head], payloadStart: head + Self.prefixByteCount,
            payloadByteCount: payloadByteCount(at: head))
    }

    /// Lends the payload of `frame`, which must come from ``first()`` with nothing dropped since.
    @inlinable
    public func withPayload<Result, Failure: Error>(
        of frame: Frame, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe bytes.span.bytes.withUnsafeBytes {
            (all: UnsafeRawBufferPointer) throws(Failure) -> Result in
            // In range: `first()` only describes messages that arrived whole.
            try unsafe body(
                UnsafeRawBufferPointer(
                    rebasing: all[frame.payloadStart..<frame.payloadStart + frame.payloadByteCount]))
        }
    }

    /// Drops the first message.
    public mutating func dropFirst(_ frame: Frame) {
        head += frame.byteCount
        untakenCount -= 1
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
            scanned = 0
            head = 0
        } else if head >= Self.compactionThreshold, head >= bytes.count / 2 {
            bytes.removeSubrange(..<head)
            scanned -= head
            head = 0
        }
    }

    /// Releases the memory of a stream that was read to its end.
    public mutating func releaseStorage() {
        guard head == bytes.count else { return }
        bytes = []
    }

    private func payloadByteCount(at offset: Int) -> Int {
        Int(bytes[offset + 1]) << 24 | Int(bytes[offset + 2]) << 16 | Int(bytes[offset + 3]) << 8
            | Int(bytes[offset + 4])
    }
}
