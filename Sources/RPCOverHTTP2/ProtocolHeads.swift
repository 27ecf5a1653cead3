// Between the heads of RPCProtocols and HTTP/2's header blocks.
public import HTTP2Engine
public import RPCProtocols

extension RequestHead {
    /// - Parameter hasBody: whether the block did not end the stream.
    /// - Returns: `nil` for a block without a method or a path.
    public init?(_ headers: HeaderBlock, hasBody: Bool) {
        guard let method = headers.value(of: .method), let path = headers.value(of: .path) else { return nil }
        self.init(
            method: String(decoding: method, as: UTF8.self), target: String(decoding: path, as: UTF8.self),
            version: .http2, fields: HTTPFields(headers), hasBody: hasBody)
    }
}

extension HTTPFields {
    /// Every field but the pseudo-header fields.
    public init(_ headers: HeaderBlock) {
        self.init()
        for index in 0..<headers.count {
            let field = headers[index]
            if field.name.first != UInt8(ascii: ":") { append(field.nameString, field.valueString) }
        }
    }
}

extension HeaderList {
    /// Appends the status and fields of a response.
    public mutating func add(_ head: ResponseHead) {
        add(":status", String(head.status))
        for field in head.fields.all { add(name: field.name, value: field.value) }
    }
}
