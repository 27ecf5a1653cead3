internal import AWSClient
internal import ChimeGateway
internal import DurableFile
internal import FoundationEssentials
internal import HTTPSClient
internal import Logging
internal import TelehealthEngine
internal import TelehealthRules

/// Chime and S3 behind one HTTPS client; credentials are looked up at the first call.
struct Cloud {
    let http: HTTPSClient
    let credentials: CredentialsChain
    let gateway: ChimeGateway

    /// - Throws: an endpoint, an authorities file or a CloudFront key that is none.
    init(_ configuration: DaemonConfiguration, environment: [String: String]) throws {
        var https = HTTPSClient.Configuration()
        https.authoritiesFile = configuration.cloud.authoritiesFile
        http = try StartFailure.naming("client for https") { try HTTPSClient(configuration: https) }
        credentials = CredentialsChain(environment: environment, region: configuration.cloud.region, http: http)
        gateway = try Self.chimeGateway(configuration, http: http, credentials: credentials)
    }

    /// nil when no queue is configured: heartbeats then stand in for AWS's events.
    func eventPoller(
        _ configuration: DaemonConfiguration, intake: EventIntake, alarms: Alarms
    ) throws -> EventPoller? {
        let cloud = configuration.cloud
        guard let url = cloud.eventsQueue else { return nil }
        let queue = try EventQueue(
            url: url, controlRegion: cloud.region,
            endpoint: cloud.endpoints["AWS_ENDPOINT_URL_SQS"] ?? cloud.endpoints["AWS_ENDPOINT_URL"], http: http,
            credentials: credentials, logger: Logger(label: "events"))
        return EventPoller(queue: queue, intake: intake) { alarms.events($0) }
    }

    private static func chimeGateway(
        _ configuration: DaemonConfiguration, http: HTTPSClient, credentials: CredentialsChain
    ) throws -> ChimeGateway {
        let cloud = configuration.cloud
        var chime = ChimeConfiguration(
            controlRegion: cloud.region, allowedMediaRegions: configuration.policy.allowedMediaRegions,
            endpoints: try .init(controlRegion: cloud.region, environment: cloud.endpoints))
        chime.echoReduction = cloud.echoReduction ? .available : .unavailable
        chime.videoResolution = .init(rawValue: cloud.videoResolution) ?? .hd
        chime.attendeesMax = cloud.attendeesMax
        chime.recordingsBucket = cloud.bucket
        chime.recordingsBucketRegion = cloud.bucketRegion
        chime.sinkEncryption = cloud.recordingKey.map { .init(kmsKeyID: $0.kmsKeyID, sinkRoleARN: $0.sinkRole) }
        if let cloudFront = cloud.cloudFront {
            chime.cloudFront = try StartFailure.naming(
                "CloudFront's key in \(cloudFront.keyFile) (--cloudfront-key-file)"
            ) {
                let file = try SmallFile.read(cloudFront.keyFile, bytesMax: 64 * 1024, .secret)
                let key = String(decoding: file, as: UTF8.self)
                return try .init(
                    distribution: cloudFront.distribution,
                    signer: CloudFrontSigner(keyPairID: cloudFront.keyPairID, privateKeyPEM: key),
                    usesCustomPolicy: cloudFront.usesCustomPolicy)
            }
        }
        var calls = AWSServiceClient.Configuration()
        calls.limits.perSecond = Double(cloud.callsPerSecond)
        calls.limits.burst = Double(cloud.callsPerSecond * 2)
        return try ChimeGateway(
            configuration: chime, http: http, credentials: credentials, logger: Logger(label: "chime"), calls: calls)
    }
}
