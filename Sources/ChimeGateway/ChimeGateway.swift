// The Chime SDK behind the domain's port: meetings, attendees, media pipelines, and the recordings' bucket.
//
//     VideoProvider, RecordingStorage (TelehealthEngine) ◀── ChimeGateway ──▶ AWSServiceClient (limit, sign, retry)
//     ──▶ HTTPSClient (libcurl)
//
// There is one code path. A simulator is reached through the standard endpoint variables, with the same
// signatures.

public import AWSClient
internal import FoundationEssentials
public import HTTPSClient
public import Logging
public import TelehealthEngine
internal import TelehealthModel

/// The ``VideoProvider`` and ``RecordingStorage`` that call AWS.
///
/// Every call is safe to repeat: creations carry a client token, or an external id that serves as one; deletions of
/// what no longer exists succeed. Failed calls are logged with AWS's request id; ids of people, tokens and addresses
/// are not.
/// - Isolation: any; nothing here changes after init.
public final class ChimeGateway: VideoProvider, RecordingStorage {
    /// CreateMeetingWithAttendees allows 20 by the model and 10 by the documentation.
    public static let attendeesPerCreationMax = 10

    public let controlRegion: String
    public let recordingsBucket: String?
    let configuration: ChimeConfiguration
    let objectsEndpoint: ObjectsEndpoint?
    private let meetings: AWSServiceClient
    private let pipelines: AWSServiceClient
    private let objects: AWSServiceClient
    private let sources: RuntimeSources
    private let logger: Logger

    /// - Throws: ``ChimeConfiguration/ConfigurationError`` naming the invalid setting. Credentials are not looked up
    ///   here.
    public init(
        configuration: ChimeConfiguration, http: HTTPSClient, credentials: CredentialsChain, logger: Logger,
        calls: AWSServiceClient.Configuration = .init(), sources: RuntimeSources = .system
    ) throws(ChimeConfiguration.ConfigurationError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        self.sources = sources
        controlRegion = configuration.controlRegion
        recordingsBucket = configuration.recordingsBucket
        objectsEndpoint = try ObjectsEndpoint(configuration)
        let client = { (signer: RequestSigner) in
            AWSServiceClient(
                signer: signer, http: http, credentials: credentials, configuration: calls, sources: sources)
        }
        // Both APIs sign as `chime` (service models, signingName).
        let signer = RequestSigner(region: configuration.controlRegion, service: "chime")
        meetings = client(signer)
        pipelines = client(signer)
        objects = client(
            RequestSigner(
                region: configuration.recordingsBucketRegion ?? configuration.controlRegion, service: "s3",
                dialect: .s3))
    }

    // MARK: What the calls are made of

    enum Service {
        case meetings
        case pipelines
        case objects
    }

    /// Sends a call with or without a JSON body.
    func send(
        _ action: ChimeAction, to service: Service, _ method: HTTPSRequest.Method, _ path: String,
        query: [AWSRequest.QueryItem] = [], body: (any Encodable & Sendable)? = nil, timeout: Duration
    ) async throws(GatewayError) -> HTTPSResponse {
        var request = AWSRequest(method, endpoint(of: service), path: path, query: query)
        if let body {
            do {
                request.body = try WireJSON.encode(body)
            } catch {
                throw .invalidArgument("body")
            }
            request.headers.append(name: "Content-Type", value: "application/json")
        }
        do {
            return try await client(of: service).send(action.operation, request, timeout: timeout)
        } catch {
            log(error)
            throw GatewayError(error)
        }
    }

    /// Sends a call to S3.
    func sendObjects(_ action: ChimeAction, _ request: AWSRequest, timeout: Duration)
        async throws(GatewayError) -> HTTPSResponse
    {
        do {
            return try await objects.send(action.operation, request, timeout: timeout)
        } catch {
            log(error)
            throw GatewayError(error)
        }
    }

    /// The expiry, in seconds since 1970, of something valid from now on.
    func expiry(after seconds: Int64) -> Int64 { sources.wallClock() + seconds }

    /// Decodes the body of a successful response.
    func decode<Answer: Decodable>(
        _ type: Answer.Type, _ response: HTTPSResponse, of action: ChimeAction
    ) throws(GatewayError) -> Answer {
        do {
            return try WireJSON.decode(type, from: response.body)
        } catch {
            let failure = AWSError(
                operation: action.operation.name, reason: .invalid("unreadable_answer"), attempts: 1,
                mayHaveTakenEffect: true)
            log(failure)
            throw GatewayError(failure)
        }
    }

    func presignedURL(
        _ action: ChimeAction, _ request: AWSRequest, validitySeconds: Int
    ) async throws(GatewayError) -> String {
        do {
            return try await objects.presignedURL(action.operation, request, validitySeconds: validitySeconds)
        } catch {
            log(error)
            throw GatewayError(error)
        }
    }

    /// The remaining time of a call that needs a second request.
    func deadline(after timeout: Duration) -> ContinuousClock.Instant {
        sources.monotonic() + timeout
    }

    func remaining(until deadline: ContinuousClock.Instant) -> Duration {
        max(.zero, deadline - sources.monotonic())
    }

    func require(_ isValid: Bool, _ argument: String) throws(GatewayError) {
        guard isValid else { throw .invalidArgument(argument) }
    }

    private func endpoint(of service: Service) -> HTTPSURL {
        switch service {
        case .meetings: configuration.endpoints.meetings
        case .pipelines: configuration.endpoints.mediaPipelines
        case .objects: objectsEndpoint?.url ?? configuration.endpoints.meetings
        }
    }

    private func client(of service: Service) -> AWSServiceClient {
        switch service {
        case .meetings: meetings
        case .pipelines: pipelines
        case .objects: objects
        }
    }

    private func log(_ error: AWSError) {
        let isExpected =
            switch error.reason {
            case .service(status: 404, _, _, _), .cancelled, .rateLimited: true
            case .service, .credentials, .transport, .deadlineExceeded, .invalid: false
            }
        logger.log(
            level: isExpected ? .debug : .warning, "AWS call failed",
            metadata: ["operation": "\(error.operation)", "reason": "\(error)"])
    }
}
