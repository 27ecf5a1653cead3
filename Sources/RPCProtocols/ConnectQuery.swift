public import RPCModel
internal import TextFormats

/// The query of a unary Connect call made with GET: the request's message, and how it is written.
/// - Spec: Connect protocol, "Unary-Get-Request".
public struct ConnectQuery: Sendable, Hashable {
    /// `encoding`; `nil` when it names no codec of ours, which an HTTP status reports.
    public let codec: MessageCodec?
    /// As `compression` says; not decompressed.
    public let message: [UInt8]
    public let compression: CallOptions.Compression

    /// - Parameter query: what follows the `?`. Members may be in any order; unknown ones are ignored, and of several
    ///   with one name the first counts.
    /// - Throws: `INVALID_ARGUMENT` for a query that is not percent-encoded, lacks `encoding` or `message`, has another
    ///   version of the protocol, or a message that is not base64, or is protobuf or compressed without being base64.
    ///   `UNIMPLEMENTED` for an unknown `compression`. All are the client's fault.
    public init(parsing query: some StringProtocol) throws(RPCError) {
        let members = try Self.members(query)
        if let version = members["connect"], version != Array("v1".utf8) {
            throw RPCError(.invalidArgument, "the query's connect must be v1")
        }
        guard let encoding = members["encoding"] else {
            throw RPCError(.invalidArgument, "the query has no encoding")
        }
        guard let text = members["message"] else {
            throw RPCError(.invalidArgument, "the query has no message")
        }
        let name = members["compression"].map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let compression = CallOptions.Compression(encodingName: name) else {
            throw RPCError(.unimplemented, "the query's compression is not supported; gzip and identity are")
        }
        codec = MessageCodec(rawValue: String(decoding: encoding, as: UTF8.self))
        self.compression = compression
        if members["base64"] == [UInt8(ascii: "1")] {
            guard let message = Base64.url.decode(text) else {
                throw RPCError(.invalidArgument, "the query's message is not base64 in the alphabet for URLs")
            }
            self.message = message
        } else if codec == .proto || compression != .none {
            throw RPCError(.invalidArgument, "the query's message must be base64, with base64=1 beside it")
        } else {
            message = text
        }
    }

    /// The query of a call, without the `?`. The message is written as base64, so that it has one form in every URL.
    public static func write(
        codec: MessageCodec, message: [UInt8], compression: CallOptions.Compression = .none
    ) -> String {
        let packing = compression == .none ? "" : "&compression=\(compression.encodingName)"
        return "connect=v1&base64=1\(packing)&encoding=\(codec.rawValue)&message=\(Base64.url.text(message))"
    }

    private static func members(_ query: some StringProtocol) throws(RPCError) -> [String: [UInt8]] {
        var members: [String: [UInt8]] = [:]
        for pair in Array(query.utf8).split(separator: UInt8(ascii: "&")) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            let key = String(decoding: try decoded(name), as: UTF8.self)
            let value = try decoded(pair.dropFirst(name.count + 1))
            if members[key] == nil { members[key] = value }
        }
        return members
    }

    /// Form decoding: `+` is a blank, `%XX` a byte.
    /// - Spec: WHATWG URL, "application/x-www-form-urlencoded parsing".
    private static func decoded(_ text: ArraySlice<UInt8>) throws(RPCError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Hex.value(of:)),
                    let low = rest.popFirst().flatMap(Hex.value(of:))
                else {
                    throw RPCError(.invalidArgument, "the query is not percent-encoded")
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}
