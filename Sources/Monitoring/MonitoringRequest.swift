/// The request of a scraper or prober: the path of a GET or HEAD, without its query.
public struct MonitoringRequest: Sendable, Hashable {
    public let path: String
    /// HEAD: the response has no body.
    public let isHeadOnly: Bool
}

/// Parses the head of one HTTP/1.1 request from bytes as they arrive; a value, so that chunk boundaries do not
/// matter.
///
/// Only the request line is used; header fields are skipped, and a body is never read. RFC 9112 sections 2.2 and 3.
struct MonitoringRequestReader {
    /// Maximum size of a head in bytes: a scraper's is below 1 KiB.
    static let headBytesMax = 8 * 1024

    enum Progress: Hashable {
        /// The head has not ended.
        case incomplete
        case complete(MonitoringRequest)
        case refused(MonitoringResponse.Status)
    }

    private var line: [UInt8] = []
    private var isLineOver = false
    /// Bytes of the current header line, CR left out; an empty one ends the head.
    private var headerLineCount = 0
    private var byteCount = 0

    /// Bytes after the head are ignored: the connection ends with its first response.
    mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Progress {
        for byte in bytes {
            byteCount += 1
            if byteCount > Self.headBytesMax { return .refused(.headersTooLarge) }
            if !isLineOver {
                if byte == UInt8(ascii: "\n") {
                    // Skips empty lines before the request line (RFC 9112, 2.2).
                    if line.isEmpty || line == [UInt8(ascii: "\r")] { line = [] } else { isLineOver = true }
                } else {
                    line.append(byte)
                }
            } else if byte == UInt8(ascii: "\n") {
                if headerLineCount == 0 { return Self.parse(line) }
                headerLineCount = 0
            } else if byte != UInt8(ascii: "\r") {
                headerLineCount += 1
            }
        }
        return .incomplete
    }

    private static func parse(_ line: [UInt8]) -> Progress {
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...]
        guard text.allSatisfy({ (0x20...0x7E).contains($0) }) else { return .refused(.badRequest) }
        let words = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[1].first == UInt8(ascii: "/") else {
            return .refused(.badRequest)
        }
        switch String(decoding: words[2], as: UTF8.self) {
        case "HTTP/1.1", "HTTP/1.0": break
        default: return .refused(words[2].starts(with: Array("HTTP/".utf8)) ? .versionNotSupported : .badRequest)
        }
        let path = words[1].prefix { $0 != UInt8(ascii: "?") }
        switch String(decoding: words[0], as: UTF8.self) {
        case "GET": return .complete(.init(path: String(decoding: path, as: UTF8.self), isHeadOnly: false))
        case "HEAD": return .complete(.init(path: String(decoding: path, as: UTF8.self), isHeadOnly: true))
        default: return .refused(.methodNotAllowed)
        }
    }
}
