/// Takes the content out of a chunked body (RFC 9112 section 7.1).
///
/// | part | bytes |
/// |---|---|
/// | size | 1 to 8 hexadecimal digits |
/// | extensions | `;` and at most 256 bytes, ignored |
/// | CRLF | |
/// | content | as many bytes as the size says |
/// | CRLF | |
///
/// A size of 0 ends the content; trailers and an empty line follow.
struct HTTP1ChunkReader: Sendable {
    private enum State {
        /// Where in the line of a chunk's size the next byte is.
        case size(digits: Int), extensions(count: Int), sizeLineFeed
        case content, contentCarriageReturn, contentLineFeed
        case trailers(HTTP1FieldReader)
        case ended
    }

    enum Progress {
        /// More bytes are needed.
        case incomplete
        /// Part of the content; not empty.
        case content([UInt8])
        case ended
    }

    private var state = State.size(digits: 0)
    /// Of the current chunk: its size while that is read, then what is missing of its content.
    private var remaining = 0
    /// Content of all chunks so far, as announced by their sizes.
    private var bodyByteCount = 0
    /// Bytes of the current chunk's first line.
    private var lineByteCount = 0
    /// Bytes around contents that no content paid for: see ``HTTP1Limits/chunkOverheadBytesMax``.
    private var overhead = 0

    mutating func read(_ input: inout HTTP1Input, _ limits: HTTP1Limits) throws(HTTP1Violation) -> Progress {
        while true {
            switch state {
            case .content:
                let part = input.take(atMost: remaining)
                if part.isEmpty { return .incomplete }
                remaining -= part.count
                if remaining == 0 { state = .contentCarriageReturn }
                return .content(part)
            case .trailers(var reader):
                let hasEnded = try reader.read(&input, limits)
                state = hasEnded ? .ended : .trailers(reader)
                if !hasEnded { return .incomplete }
            case .ended: return .ended
            case .size, .extensions, .sizeLineFeed, .contentCarriageReturn, .contentLineFeed:
                guard let byte = input.nextByte() else { return .incomplete }
                try advance(byte, limits)
            }
        }
    }

    private mutating func advance(_ byte: UInt8, _ limits: HTTP1Limits) throws(HTTP1Violation) {
        lineByteCount += 1
        switch (state, byte) {
        case (.size(let digits), _):
            try addDigit(byte, digits, limits)
        case (.extensions, HTTP1Characters.carriageReturn): state = .sizeLineFeed
        case (.extensions(let count), _):
            guard HTTP1Characters.isFieldValue(byte) else { throw Self.violation(byte) }
            guard count < limits.chunkExtensionBytesMax else { throw .chunkExtensionTooLong }
            state = .extensions(count: count + 1)
        case (.sizeLineFeed, HTTP1Characters.lineFeed): try beginContent(limits)
        case (.contentCarriageReturn, HTTP1Characters.carriageReturn): state = .contentLineFeed
        case (.contentLineFeed, HTTP1Characters.lineFeed):
            remaining = 0
            lineByteCount = 0
            state = .size(digits: 0)
        case (.sizeLineFeed, _), (.contentLineFeed, _): throw .bareCarriageReturn
        default: throw Self.violation(byte)
        }
    }

    /// Blanks around the size are refused as well: servers that skip them disagree on which.
    private mutating func addDigit(_ byte: UInt8, _ digits: Int, _ limits: HTTP1Limits) throws(HTTP1Violation) {
        if let value = HTTP1Characters.hexValue(byte) {
            guard digits < min(15, limits.chunkSizeDigitsMax) else { throw .chunkSizeTooLong }
            remaining = remaining * 16 + value
            state = .size(digits: digits + 1)
        } else if digits > 0, byte == HTTP1Characters.carriageReturn {
            state = .sizeLineFeed
        } else if digits > 0, byte == UInt8(ascii: ";") {
            state = .extensions(count: 1)
        } else {
            throw Self.violation(byte)
        }
    }

    private static func violation(_ byte: UInt8) -> HTTP1Violation {
        switch byte {
        case 0: .nulByte
        case HTTP1Characters.lineFeed: .bareLineFeed
        default: .malformedChunk
        }
    }

    private mutating func beginContent(_ limits: HTTP1Limits) throws(HTTP1Violation) {
        // Compared without a sum that could overflow.
        guard remaining <= limits.bodyBytesMax - bodyByteCount else { throw .bodyTooLarge }
        bodyByteCount += remaining
        overhead = max(0, overhead + lineByteCount + 2 - 16 - 2 * remaining)
        guard overhead <= limits.chunkOverheadBytesMax else { throw .tooMuchChunkOverhead }
        state = remaining == 0 ? .trailers(HTTP1FieldReader(areTrailers: true)) : .content
    }
}
