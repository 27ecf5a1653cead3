public import AWSClient
public import HTTPSClient

/// The settings of the gateway, validated at initialization.
public struct ChimeConfiguration: Sendable {
    public enum EchoReduction: String, Sendable, Hashable {
        case available = "AVAILABLE"
        case unavailable = "UNAVAILABLE"
    }

    public enum VideoResolution: String, Sendable, Hashable {
        case none = "None"
        case hd = "HD"
        /// Needs ``attendeesMax`` of 25 or fewer.
        case fullHD = "FHD"
    }

    public enum ContentResolution: String, Sendable, Hashable {
        case none = "None"
        case fullHD = "FHD"
        /// Needs ``attendeesMax`` of 25 or fewer.
        case ultraHD = "UHD"
    }

    /// Encryption of recorded objects with the customer's own key, per object. Both members are required.
    public struct SinkEncryption: Sendable, Hashable {
        public var kmsKeyID: String
        public var sinkRoleARN: String

        public init(kmsKeyID: String, sinkRoleARN: String) {
            self.kmsKeyID = kmsKeyID
            self.sinkRoleARN = sinkRoleARN
        }
    }

    /// A distribution in front of the recordings' bucket, whose URLs are signed instead of S3's.
    public struct CloudFront: Sendable {
        /// Its root URL.
        public var distribution: HTTPSURL
        public var signer: CloudFrontSigner
        /// Whether URLs carry their policy, with a start in addition to the expiry; longer, but not more secret.
        public var usesCustomPolicy: Bool

        /// - Throws: ``ConfigurationError`` for a URL that is not the root of a distribution.
        public init(distribution: String, signer: CloudFrontSigner, usesCustomPolicy: Bool)
            throws(ConfigurationError)
        {
            self.distribution = try Endpoints.url(distribution, named: "TELEHEALTH_CLOUDFRONT_URL")
            self.signer = signer
            self.usesCustomPolicy = usesCustomPolicy
        }
    }

    /// The endpoints of the services.
    public struct Endpoints: Sendable {
        public var meetings: HTTPSURL
        public var mediaPipelines: HTTPSURL
        /// Set when S3 is not AWS's own: objects are then addressed by path (`/bucket/key`).
        public var s3Override: HTTPSURL?

        /// AWS's own endpoints, or those in the standard variables `AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS`,
        /// `AWS_ENDPOINT_URL_CHIME_SDK_MEDIA_PIPELINES`, `AWS_ENDPOINT_URL_S3`, each before `AWS_ENDPOINT_URL`; the
        /// variables are ignored when `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`.
        /// - Throws: ``ConfigurationError`` for an invalid URL, including plain `http` other than loopback.
        public init(controlRegion: String, environment: [String: String]) throws(ConfigurationError) {
            meetings = try Self.endpoint("CHIME_SDK_MEETINGS", "meetings-chime", controlRegion, environment)
            mediaPipelines = try Self.endpoint(
                "CHIME_SDK_MEDIA_PIPELINES", "media-pipelines-chime", controlRegion, environment)
            s3Override = try Self.override("S3", environment)
        }

        private static func endpoint(
            _ service: String, _ host: String, _ region: String, _ environment: [String: String]
        ) throws(ConfigurationError) -> HTTPSURL {
            if let override = try override(service, environment) { return override }
            return try url("https://\(host).\(region).amazonaws.com", named: "controlRegion")
        }

        private static func override(
            _ service: String, _ environment: [String: String]
        ) throws(ConfigurationError) -> HTTPSURL? {
            if environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true" { return nil }
            for name in ["AWS_ENDPOINT_URL_" + service, "AWS_ENDPOINT_URL"] {
                if let text = environment[name], !text.isEmpty { return try url(text, named: name) }
            }
            return nil
        }

        static func url(_ text: String, named setting: String) throws(ConfigurationError) -> HTTPSURL {
            let url: HTTPSURL
            do {
                url = try HTTPSURL(text)
            } catch {
                throw ConfigurationError(setting: setting, problem: error.label)
            }
            // A metadata address may use plain http for credentials only.
            guard url.hostKind != .instanceMetadata, url.target == "/" else {
                throw ConfigurationError(setting: setting, problem: "must be the root URL of a service, without a path")
            }
            return url
        }
    }

    public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
        public let setting: String
        public let problem: String

        public var description: String { "\(setting): \(problem)" }
    }

    /// The region of the API: meetings can be changed only there, and their events arrive there.
    public var controlRegion: String
    /// Regions that may host media; a request for another region is refused.
    public var allowedMediaRegions: Set<String>
    public var echoReduction: EchoReduction = .available
    public var videoResolution: VideoResolution = .hd
    public var contentResolution: ContentResolution = .fullHD
    /// Maximum number of attendees in one meeting, including the recording's own; 1...250, and 25 with the highest
    /// resolutions.
    public var attendeesMax = 8
    /// nil: recording is not configured.
    public var recordingsBucket: String?
    /// The bucket's region; the control region when nil.
    public var recordingsBucketRegion: String?
    public var sinkEncryption: SinkEncryption?
    /// nil: playback URLs are S3's own.
    public var cloudFront: CloudFront?
    public var endpoints: Endpoints

    public init(controlRegion: String, allowedMediaRegions: Set<String>, endpoints: Endpoints) {
        self.controlRegion = controlRegion
        self.allowedMediaRegions = allowedMediaRegions
        self.endpoints = endpoints
    }

    /// Longest first part of a recording's key, in bytes: what a pipeline adds to it still fits into a key of S3.
    public static let recordingPrefixBytesMax = 512

    /// Whether the keys of recordings may begin with this text: segments of letters, digits, `-`, `_` and `.`, none of
    /// them empty, `.` or `..`, separated by slashes. A pipeline's sink is an ARN, which allows no more.
    public static func isRecordingPrefix(_ text: String) -> Bool {
        text.utf8.count <= recordingPrefixBytesMax && ChimeSyntax.isObjectKey(text)
    }

    /// - Throws: ``ConfigurationError`` naming the first setting that Chime would refuse.
    public func validate() throws(ConfigurationError) {
        guard ChimeSyntax.isRegion(controlRegion) else {
            throw ConfigurationError(setting: "controlRegion", problem: "must be an AWS Region, such as us-east-1")
        }
        guard !allowedMediaRegions.isEmpty, allowedMediaRegions.allSatisfy(ChimeSyntax.isRegion) else {
            throw ConfigurationError(setting: "allowedMediaRegions", problem: "must be AWS Regions, at least one")
        }
        let ceiling = videoResolution == .fullHD || contentResolution == .ultraHD ? 25 : 250
        guard (1...ceiling).contains(attendeesMax) else {
            throw ConfigurationError(setting: "attendeesMax", problem: "must be 1 to \(ceiling) at these video resolutions")
        }
        if let bucket = recordingsBucket, !ChimeSyntax.isBucket(bucket) {
            throw ConfigurationError(setting: "recordingsBucket", problem: "must be the name of an S3 bucket")
        }
        if let region = recordingsBucketRegion, !ChimeSyntax.isRegion(region) {
            throw ConfigurationError(setting: "recordingsBucketRegion", problem: "must be an AWS Region, such as us-east-1")
        }
        guard let encryption = sinkEncryption else { return }
        guard ChimeSyntax.isKeyID(encryption.kmsKeyID) else {
            throw ConfigurationError(setting: "kmsKeyID", problem: "must be the ARN, id or alias of a KMS key")
        }
        guard ChimeSyntax.isARN(encryption.sinkRoleARN), encryption.sinkRoleARN.contains(":role/") else {
            throw ConfigurationError(setting: "sinkRoleARN", problem: "must be the ARN of an IAM role")
        }
    }
}
