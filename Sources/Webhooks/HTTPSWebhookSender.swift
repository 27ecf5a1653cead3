internal import FoundationEssentials
public import HTTPSClient
public import TelehealthEngine
public import TelehealthModel

/// Delivers events to targets by POST, one JSON object each: ids, kinds and times, no personal data.
///
/// Any status from 200 to 299 means success. Everything else is retried: a receiver under repair may answer 404 as
/// well as 503, and must not lose events. Redirects are not followed, and an address that turns out to be private
/// when connecting is refused.
public struct HTTPSWebhookSender: WebhookSender {
    /// A receiver should store the message and respond; slower work belongs after its response.
    private static let timeout = Duration.seconds(10)
    private static let answerBytesMax = 64 * 1024

    private struct Body: Encodable {
        var delivery: String
        var session: String
        var sequence: Int64
        var kind: String
        var status: String
        var occurredAt: String
        var participant: String?
        var recording: String?
        var screenShare: String?
        var generation: Int?
        var reason: String?

        enum CodingKeys: String, CodingKey {
            case delivery, session, sequence, kind, status, participant, recording, generation, reason
            case occurredAt = "occurred_at"
            case screenShare = "screen_share"
        }
    }

    private let client: HTTPSClient
    private let endpoints: [String: WebhookEndpoint]

    public init(_ endpoints: [WebhookEndpoint], client: HTTPSClient) {
        self.client = client
        self.endpoints = Dictionary(endpoints.map { ($0.name, $0) }) { first, _ in first }
    }

    public func send(
        _ event: SessionEvent, delivery: EffectID, attempt: Int, to target: String, now: Timestamp
    ) async throws(GatewayError) {
        guard let endpoint = endpoints[target], let body = Self.body(event, delivery) else {
            throw GatewayError(kind: .rejected, code: "NoTarget")
        }
        let signature = WebhookSignature.value(
            body, secret: endpoint.secret, seconds: now.microseconds / 1_000_000)
        var request = HTTPSRequest(
            .post, endpoint.url,
            headers: [
                "Content-Type": "application/json", WebhookSignature.header: signature,
                "Telehealth-Delivery": delivery.rawValue, "Telehealth-Attempt": "\(attempt)",
            ], body: body, deadline: .now + Self.timeout, responseBytesMax: Self.answerBytesMax)
        request.mayReachPrivate = endpoint.url.hostKind == .loopback
        let response: HTTPSResponse
        do throws(HTTPSError) {
            response = try await client.send(request)
        } catch {
            throw GatewayError(
                kind: .unavailable, code: error.label, mayHaveTakenEffect: error.mayHaveReachedServer)
        }
        guard (200...299).contains(response.status) else {
            throw GatewayError(kind: .unavailable, code: "status_\(response.status)")
        }
    }

    static func body(_ event: SessionEvent, _ delivery: EffectID) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return
            (try? encoder.encode(
                Body(
                    delivery: delivery.rawValue, session: event.sessionID.rawValue, sequence: event.sequence,
                    kind: wireName(event.kind), status: wireName(event.status), occurredAt: event.at.rfc3339,
                    participant: event.participantID?.rawValue, recording: event.recordingID?.rawValue,
                    screenShare: event.screenShareID?.rawValue, generation: event.generation,
                    reason: event.reason?.word)))
            .map { Array($0) }
    }
}
