internal import HTTP1Engine

/// One response of the monitoring endpoint; the connection is closed after it.
public struct MonitoringResponse: Sendable, Hashable {
    public enum Status: Int, Sendable, Hashable {
        case ok = 200
        case notFound = 404
        case methodNotAllowed = 405
        case unavailable = 503
    }

    public let status: Status
    public let contentType: String
    public let body: String

    public init(_ status: Status, body: String, contentType: String = "text/plain; charset=utf-8") {
        self.status = status
        self.body = body
        self.contentType = contentType
    }

    /// A response with only its status.
    init(refusal status: Status) { self.init(status, body: HTTP1ReasonPhrase.of(status.rawValue) + "\n") }

    var head: HTTP1ResponseHead {
        var head = HTTP1ResponseHead(
            status: status.rawValue, fields: [.init("Content-Type", contentType), .init("Cache-Control", "no-store")],
            closesConnection: true)
        if status == .methodNotAllowed { head.fields.append(.init("Allow", "GET, HEAD")) }
        return head
    }
}
