/// What is wrong with a byte stream of length-prefixed messages: always the peer's fault.
public enum FramingError: Error, Hashable, Sendable {
    /// The prefix announces more than the receiver takes; nothing of the message was stored for it.
    case messageTooLarge(announced: Int, limit: Int)
    /// The compressed-flag byte was neither 0 nor 1.
    case invalidFlag(UInt8)
}

/// Splits a byte stream into length-prefixed gRPC messages, whatever the chunks look like.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | compressed flag, 0 or 1 |
/// | 1 | 4 | length of the message, big-endian |
/// | 5 | length | message |
///
/// Holds the bytes that arrived and were not dropped yet; it grows with bytes received, never with bytes
/// announced. After an error it must not be used again.
/// - Spec: PROTOCOL-HTTP2.md, "Length-Prefixed-Message".
public struct MessageDeframer: ~Copyable, Sendable {
    /// One complete message inside the buffer; valid until the next ``dropFirst(_:)``.
    public struct Frame: Sendable {
        public let isCompressed: Bool
        @usableFromInline let payloadStart: Int
        public let payloadByteCount: Int

        @usableFromInline
        init(isCompressed: Bool, payloadStart: Int, payloadByteCount: Int) {
            self.isCompressed = isCompressed
            self.payloadStart = payloadStart
            self.payloadByteCount = payloadByteCount
        }

        /// Bytes on the wire, prefix included.
        public var byteCount: Int { MessageDeframer.prefixByteCount + payloadByteCount }
    }

    public static let prefixByteCount = 5
    /// A drained buffer larger than this is given back, so that one big message does not pin its memory.
    private static let keptCapacity = 16 * 1024
    /// Consumed bytes in front of unread ones are moved away once there are this many.
    private static let compactionThreshold = 64 * 1024

    public let maxMessageBytes: Int
    /// Complete messages that wait to be taken.
    public private(set) var completeCount = 0
    /// Messages that arrived whole so far, taken ones included; wraps round.
    public private(set) var arrivedCount: UInt32 = 0
    @usableFromInline var bytes: [UInt8] = []
    @usableFromInline var head = 0
    /// Where the first incomplete message starts; everything from `head` to here is whole messages.
    private var scanned = 0

    /// - Parameter maxMessageBytes: the longest payload accepted, prefix not counted.
    public init(maxMessageBytes: Int) {
        self.maxMessageBytes = maxMessageBytes
    }

    /// Bytes of whole messages not taken yet, prefixes included.
    public var completeByteCount: Int { scanned - head }

    /// Whether the stream stopped inside a message.
    public var hasPartialMessage: Bool { scanned < bytes.count }

    /// Bytes of the message that is still arriving, its prefix included.
    public var partialByteCount: Int { bytes.count - scanned }

    /// Takes the next bytes of the stream.
    ///
    /// - Throws: ``FramingError``, on the prefix and before the payload is waited for.
    /// - Complexity: O(chunk).
    public mutating func append(_ chunk: UnsafeRawBufferPointer) throws(FramingError) {
        unsafe bytes.append(contentsOf: chunk)
        while bytes.count - scanned >= Self.prefixByteCount {
            let flag = bytes[scanned]
            guard flag <= 1 else { throw .invalidFlag(flag) }
            let length = payloadByteCount(at: scanned)
            guard length <= maxMessageBytes else {
                throw .messageTooLarge(announced: length, limit: maxMessageBytes)
            }
            guard bytes.count - scanned - Self.prefixByteCount >= length else { return }
            scanned += Self.prefixByteCount + length
            completeCount += 1
            arrivedCount &+= 1
        }
    }

    /// The first complete message, or `nil` when more bytes are needed.
    public func first() -> Frame? {
        guard completeCount > 0 else { return nil }
        return Frame(
            isCompressed: bytes[head] == 1, payloadStart: head + Self.prefixByteCount,
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

    /// Forgets the first message.
    public mutating func dropFirst(_ frame: Frame) {
        head += frame.byteCount
        completeCount -= 1
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

    /// Gives the memory back of a stream that was read to its end.
    public mutating func releaseStorage() {
        guard head == bytes.count else { return }
        bytes = []
    }

    private func payloadByteCount(at offset: Int) -> Int {
        Int(bytes[offset + 1]) << 24 | Int(bytes[offset + 2]) << 16 | Int(bytes[offset + 3]) << 8
            | Int(bytes[offset + 4])
    }
}
