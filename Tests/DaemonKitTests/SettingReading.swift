import Testing

@testable import DaemonKit

/// What a command line, an environment and a file make of the configuration.
func configuration(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws -> DaemonConfiguration {
    let commandLine = try DaemonCommandLine(arguments)
    return try DaemonConfiguration(
        SettingReader(flags: commandLine.flags, environment: environment, file: file))
}

/// The sentences with which a configuration is refused; none when it is accepted.
func refusals(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) -> [String] {
    do {
        _ = try configuration(arguments, environment: environment, file: file)
        return []
    } catch let failure as ConfigurationFailure {
        return failure.sentences
    } catch {
        return ["unexpected: \(error)"]
    }
}

extension Setting {
    /// A value that is allowed and is not the default.
    var another: String {
        switch kind {
        case .integer(let range):
            fallback == "\(range.upperBound)" ? "\(range.lowerBound)" : "\(range.upperBound)"
        case .duration(let least, let greatest):
            Duration(setting: fallback) == Duration(setting: greatest) ? least : greatest
        case .boolean: fallback == "true" ? "false" : "true"
        case .choice(let words): words.first { $0 != fallback } ?? ""
        case .text, .list: Self.anotherText[key] ?? "/another/\(key)"
        }
    }

    /// Where not every text will do.
    private static let anotherText = [
        "telehealth.listen": "127.0.0.1:50999,unix:/run/telehealth.sock",
        "frontend.url": "http://127.0.0.1:8080",
        "telehealth.monitoringListen": "127.0.0.1:9464", "telehealth.issuer": "https://login.clinic.example",
        "telehealth.jwksUrl": "https://login.clinic.example/keys", "telehealth.audience": "visits",
        "telehealth.roleClaim": "clinic_role", "telehealth.personClaim": "clinic_person",
        "telehealth.clinicianClaim": "clinic_staff",
        "telehealth.serviceCertificates": "dns:desk.clinic.example=front-desk",
        "telehealth.rateLimits": "client=5/20,refused=1/2", "telehealth.trustedProxies": "10.0.0.0/8,unix",
        "aws.region": "eu-west-1", "aws.accountId": "111122223333", "aws.s3.recordingsBucket": "visits",
        "aws.s3.recordingsBucketRegion": "eu-west-1", "telehealth.recordingKmsKey": "alias/visits",
        "telehealth.recordingSinkRole": "arn:aws:iam::111122223333:role/sink",
        "telehealth.recordingPrefix": "video/visits", "aws.endpointUrl": "http://127.0.0.1:4600",
        "aws.endpointUrlChimeSdkMeetings": "http://127.0.0.1:4601",
        "aws.endpointUrlChimeSdkMediaPipelines": "http://127.0.0.1:4602",
        "aws.endpointUrlS3": "http://127.0.0.1:4603",
        "aws.endpointUrlSqs": "http://127.0.0.1:4604",
        "telehealth.eventsQueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q",
        "telehealth.cloudfrontUrl": "https://d1.cloudfront.net", "telehealth.mediaRegion": "eu-west-1",
        "telehealth.mediaRegions": "us-east-1,eu-west-1", "telehealth.locationStates": "GA,FL",
        "telehealth.homePlace": "US-CA", "telehealth.joinConsents": "hipaa_telehealth",
        "telehealth.recordingMethods": "PAPER",
    ]

    /// What has to be set as well for ``another`` to be accepted; some settings come only in pairs.
    var companions: [String] {
        switch key {
        case "telehealth.jwksFile", "telehealth.jwksUrl": ["--issuer", "https://login.clinic.example"]
        case "telehealth.tlsCertificate", "telehealth.tlsKey", "telehealth.tlsClientAuthorities":
            ["--tls-certificate", "chain.pem", "--tls-key", "key.pem"]
        case "telehealth.tlsClientCertificates", "telehealth.serviceCertificates":
            [
                "--tls-certificate", "chain.pem", "--tls-key", "key.pem", "--tls-client-authorities",
                "authorities.pem",
            ]
        case "telehealth.trustedProxies": ["--issuer", "https://login.clinic.example"]
        case "telehealth.connectionsPerAddress": ["--connections-max", "1000000"]
        case "telehealth.handshakesPerAddress": ["--handshakes-max", "100000"]
        case "telehealth.helloTimeout": ["--handshake-timeout", "10m"]
        case "telehealth.heartbeatInterval": ["--presence-lost-after", "1h"]
        case "telehealth.cloudfrontUrl", "telehealth.cloudfrontKeyPairId", "telehealth.cloudfrontKeyFile",
            "telehealth.cloudfrontPolicy":
            [
                "--cloudfront-url", "https://d0.cloudfront.net", "--cloudfront-key-pair-id", "K1",
                "--cloudfront-key-file", "k.pem",
            ]
        case "telehealth.recordingKmsKey", "telehealth.recordingSinkRole":
            ["--recording-kms-key", "k", "--recording-sink-role", "arn:aws:iam::111122223333:role/first"]
        case "telehealth.mediaRegion": ["--media-regions", "us-east-1,eu-west-1"]
        default: []
        }
    }
}
