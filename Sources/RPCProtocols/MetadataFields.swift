public import RPCModel

// Between custom metadata and header fields, for the protocols that browsers speak.

/// Which names of header fields belong to HTTP and to the protocols, and are therefore not metadata.
enum ReservedNames {
    /// How Connect marks trailing metadata in the headers of a unary response.
    static let trailerPrefix = "trailer-"

    private static let prefixes = [":", "grpc-", "connect-", "access-control-", "sec-", "proxy-"]

    /// What HTTP itself means by a field, on either side; `cookie` is the session's, and never a handler's to read.
    private static let names: Set<String> = [
        "accept", "accept-charset", "accept-encoding", "accept-language", "accept-post", "accept-ranges",
        "allow",
        "cache-control", "connection", "content-encoding", "content-language", "content-length",
        "content-location",
        "content-range", "content-type", "cookie", "date", "dnt", "expect", "host", "http2-settings",
        "if-match",
        "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "origin",
        "pragma",
        "priority", "range", "referer", "server", "set-cookie", "strict-transport-security", "te", "trailer",
        "transfer-encoding", "upgrade", "upgrade-insecure-requests", "vary", "x-accel-buffering",
        "x-grpc-web",
    ]

    static func contains(_ name: String) -> Bool {
        names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }
}

extension Metadata {
    /// The custom metadata among received fields, in their order.
    ///
    /// - Parameter select: the part of a field's name that is the name in metadata; `nil` to leave the field out.
    private init(_ fields: HTTPFields, name select: (String) -> Substring?) {
        self.init()
        for field in fields.all {
            guard let name = select(field.name), !name.isEmpty, !ReservedNames.contains(String(name)) else {
                continue
            }
            append(wireName: name, wireValue: field.value)
        }
    }

    /// The custom metadata of a request.
    public init(ofRequest fields: HTTPFields) {
        self.init(fields) { $0[...] }
    }

    /// The initial metadata of a response, whose trailing metadata is elsewhere unless it is a unary Connect response.
    public init(ofResponse fields: HTTPFields, isConnectUnary: Bool) {
        self.init(fields) { isConnectUnary && $0.hasPrefix(ReservedNames.trailerPrefix) ? nil : $0[...] }
    }

    /// The trailing metadata in the headers of a unary Connect response.
    /// - Spec: Connect protocol, "Unary-Response".
    public init(connectTrailersOf fields: HTTPFields) {
        self.init(fields) { name in
            name.hasPrefix(ReservedNames.trailerPrefix)
                ? name.dropFirst(ReservedNames.trailerPrefix.count) : nil
        }
    }

    /// Appends a field as received; see ``append(wireName:wireValue:)-(UnsafeRawBufferPointer,_)``.
    mutating func append(wireName name: some StringProtocol, wireValue value: String) {
        let (name, value) = ([UInt8](name.utf8), [UInt8](value.utf8))
        unsafe name.withUnsafeBytes { name in
            unsafe value.withUnsafeBytes { unsafe append(wireName: name, wireValue: $0) }
        }
    }

    /// Each field as it is written in a header: names that HTTP or a protocol reserves are left out, and bytes that
    /// a header cannot contain become `?`.
    func forEachHeaderField(_ body: (_ name: String, _ value: String) -> Void) {
        forEachWireField { name, value in
            let name = String(decoding: name, as: UTF8.self)
            guard !ReservedNames.contains(name) else { return }
            body(name, String(decoding: value.map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self))
        }
    }
}

extension HTTPFields {
    /// Appends custom metadata, each name after `prefix`.
    mutating func append(_ metadata: Metadata, prefix: String = "") {
        metadata.forEachHeaderField { name, value in append(prefix + name, value) }
    }
}
