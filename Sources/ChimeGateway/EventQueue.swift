public import AWSClient
internal import FoundationEssentials
public import HTTPSClient
public import Logging
public import TelehealthEngine
public import TelehealthModel

/// The SQS queue of the EventBridge rule for Chime's events, in SQS's JSON protocol.
///
/// - Spec: Amazon SQS API reference (2012-11-05) in AWS JSON 1.0: POST to the service's root, the action in
///   `X-Amz-Target`; "Amazon SQS long polling", "visibility timeout".
/// - Isolation: any; nothing here changes after init.
public final class EventQueue: MeetingEventQueue {
    /// SQS's own limits.
    public static let messagesPerCallMax = 10
    public static let waitMax: Duration = .seconds(20)
    /// A long poll responds at its end, and the network needs time.
    private static let waitMargin: Duration = .seconds(5)

    public static let requiredActions = [
        "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage",
    ]

    private struct ReceiveRequest: Encodable, Sendable {
        let queueUrl: String
        let maxNumberOfMessages: Int
        let waitTimeSeconds: Int64
        let visibilityTimeout: Int64
    }

    private struct ReceiveAnswer: Decodable {
        struct Message: Decodable {
            let messageId: String
            let receiptHandle: String
            let body: String
        }
        let messages: [Message]?
    }

    private struct BatchRequest: Encodable, Sendable {
        struct Entry: Encodable, Sendable {
            let id: String
            let receiptHandle: String
            let visibilityTimeout: Int64?
        }
        let queueUrl: String
        let entries: [Entry]
    }

    private struct BatchAnswer: Decodable {
        struct Failure: Decodable {
            let code: String?
        }
        let failed: [Failure]?
    }

    private let queueURL: String
    private let endpoint: HTTPSURL
    private let service: AWSServiceClient
    private let logger: Logger

    /// - Parameters:
    ///   - url: the queue's URL, as AWS gives it: `https://sqs.us-east-1.amazonaws.com/111122223333/chime-events`.
    ///   - endpoint: the endpoint of SQS if it is not the queue's own host.
    /// - Throws: ``ChimeConfiguration/ConfigurationError`` for an invalid URL.
    public init(
        url: String, controlRegion: String, endpoint: String?, http: HTTPSClient,
        credentials: CredentialsChain, logger: Logger, sources: RuntimeSources = .system
    ) throws(ChimeConfiguration.ConfigurationError) {
        let setting = "TELEHEALTH_EVENTS_QUEUE_URL"
        let parsed: HTTPSURL
        do { parsed = try HTTPSURL(url) } catch {
            throw .init(setting: setting, problem: error.label)
        }
        let parts = parsed.target.split(separator: "/", omittingEmptySubsequences: true)
        guard parsed.hostKind != .instanceMetadata, parts.count == 2, parts[0].count == 12,
            parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw .init(setting: setting, problem: "must be https://HOST/ACCOUNT/QUEUE") }
        queueURL = url
        self.endpoint = try ChimeConfiguration.Endpoints.url(
            endpoint ?? "\(parsed.scheme.rawValue)://\(parsed.authority)",
            named: endpoint == nil ? setting : "AWS_ENDPOINT_URL_SQS")
        // sqs.<region>.amazonaws.com: a queue may be in another region than the control region.
        let host = parsed.host.split(separator: ".")
        let region = host.count >= 4 && host[0] == "sqs" ? String(host[1]) : controlRegion
        var calls = AWSServiceClient.Configuration()
        calls.attemptTimeout = Self.waitMax + Self.waitMargin
        service = AWSServiceClient(
            signer: RequestSigner(region: region, service: "sqs"), http: http, credentials: credentials,
            configuration: calls, sources: sources)
        self.logger = logger
    }

    public func receive(wait: Duration, visibility: Duration) async throws(GatewayError) -> [QueuedEvent] {
        let wait = min(wait, Self.waitMax)
        let answer: ReceiveAnswer = try await call(
            "ReceiveMessage",
            ReceiveRequest(
                queueUrl: queueURL, maxNumberOfMessages: Self.messagesPerCallMax,
                waitTimeSeconds: wait.components.seconds, visibilityTimeout: visibility.components.seconds),
            timeout: wait + Self.waitMargin)
        return (answer.messages ?? []).map {
            QueuedEvent(id: $0.messageId, receipt: $0.receiptHandle, body: $0.body)
        }
    }

    public func delete(_ events: [QueuedEvent], timeout: Duration) async throws(GatewayError) {
        try await batch("DeleteMessageBatch", events, visibility: nil, timeout)
    }

    public func release(_ events: [QueuedEvent], after delay: Duration, timeout: Duration)
        async throws(GatewayError)
    {
        try await batch("ChangeMessageVisibilityBatch", events, visibility: delay.components.seconds, timeout)
    }

    private func batch(_ action: String, _ events: [QueuedEvent], visibility: Int64?, _ timeout: Duration)
        async throws(GatewayError)
    {
        guard !events.isEmpty else { return }
        guard events.count <= Self.messagesPerCallMax else { throw .invalidArgument("events") }
        let answer: BatchAnswer = try await call(
            action,
            BatchRequest(
                queueUrl: queueURL,
                entries: events.enumerated().map { index, event in
                    .init(id: "m\(index)", receiptHandle: event.receipt, visibilityTimeout: visibility)
                }), timeout: timeout)
        // A message that was not deleted arrives again and is recognized by its id: harmless, but logged.
        if let failed = answer.failed, !failed.isEmpty {
            logger.warning(
                "queue did not delete messages",
                metadata: [
                    "action": "\(action)", "count": "\(failed.count)", "code": "\(failed[0].code ?? "")",
                ])
        }
    }

    private func call<Answer: Decodable>(
        _ action: String, _ body: some Encodable & Sendable, timeout: Duration
    ) async throws(GatewayError) -> Answer {
        var request = AWSRequest(.post, endpoint, path: "/")
        request.headers.append(name: "Content-Type", value: "application/x-amz-json-1.0")
        request.headers.append(name: "X-Amz-Target", value: "AmazonSQS." + action)
        do { request.body = try WireJSON.encode(body) } catch { throw .invalidArgument("body") }
        let response: HTTPSResponse
        do {
            response = try await service.send(
                .init(name: action, limitKey: nil), request, timeout: timeout)
        } catch {
            throw GatewayError(error)
        }
        // If all deletions succeed, the response may be empty.
        do {
            return try WireJSON.decode(
                Answer.self, from: response.body.isEmpty ? Array("{}".utf8) : response.body)
        } catch { throw GatewayError(kind: .unavailable, code: "unreadable_answer") }
    }
}
