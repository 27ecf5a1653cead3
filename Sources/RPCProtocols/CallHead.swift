public import RPCModel

/// How the response to a call is written, decided by the head of its request.
public struct CallForm: Sendable, Hashable {
    public let contentType: RPCContentType
    /// Whether the call was made with GET.
    public let isGet: Bool
    /// The encoding that messages of the response may have.
    public let responseCompression: CallOptions.Compression

    public init(
        _ contentType: RPCContentType, isGet: Bool = false,
        responseCompression: CallOptions.Compression = .none
    ) {
        self.contentType = contentType
        self.isGet = isGet
        self.responseCompression = responseCompression
    }

    public var wireProtocol: RPCProtocol { contentType.wireProtocol }
    public var codec: MessageCodec { contentType.codec }
}

/// What the head of a request says about its call, the same for all protocols.
public struct CallHead: Sendable, Hashable {
    public let method: MethodDescriptor
    public let form: CallForm
    /// How the body of the request is written; differs from the form's in whether it is text.
    public let requestType: RPCContentType
    /// `nil` for none. Never zero or negative.
    public let timeout: Duration?
    public let metadata: Metadata
    /// The encoding of the request's messages.
    public let requestCompression: CallOptions.Compression
    /// The message of a call made with GET, still compressed if the request is.
    public let queryMessage: [UInt8]?
}

/// An answer of HTTP alone, before a call exists: an empty body, and a status that says what was wrong.
public struct HTTPRefusal: Sendable, Hashable {
    public let head: ResponseHead
    /// Whether an HTTP/1.1 connection is closed after it.
    public let closesConnection: Bool

    init(_ status: Int, _ fields: HTTPFields = [:], closesConnection: Bool = false) {
        head = ResponseHead(status: status, fields: fields)
        self.closesConnection = closesConnection
    }
}

/// What a server does with a request.
public enum RoutingDecision: Sendable {
    case call(CallHead)
    /// The call fails before its handler runs; the response is written by a ``ResponseEncoder`` for the form.
    ///
    /// - Parameter fields: for the response's head, besides its own.
    case fail(RPCError, CallForm, fields: HTTPFields)
    case refuse(HTTPRefusal)
}
