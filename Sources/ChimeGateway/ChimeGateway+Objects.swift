internal import AWSClient
internal import HTTPSClient
public import TelehealthModel

/// The endpoint of the recordings' bucket, and the paths of keys there.
struct ObjectsEndpoint {
    let url: HTTPSURL
    private let pathPrefix: String

    /// AWS's own S3 is addressed by host (`bucket.s3.region.amazonaws.com`), except for buckets with a dot in their
    /// name, which the wildcard certificate does not cover; an override is addressed by path.
    /// - Returns: nil when no bucket is configured.
    init?(_ configuration: ChimeConfiguration) throws(ChimeConfiguration.ConfigurationError) {
        guard let bucket = configuration.recordingsBucket else { return nil }
        let region = configuration.recordingsBucketRegion ?? configuration.controlRegion
        if let override = configuration.endpoints.s3Override {
            url = override
            pathPrefix = "/\(bucket)/"
        } else if bucket.utf8.contains(UInt8(ascii: ".")) {
            url = try ChimeConfiguration.Endpoints.url(
                "https://s3.\(region).amazonaws.com", named: "recordingsBucketRegion")
            pathPrefix = "/\(bucket)/"
        } else {
            url = try ChimeConfiguration.Endpoints.url(
                "https://\(bucket).s3.\(region).amazonaws.com", named: "recordingsBucket")
            pathPrefix = "/"
        }
    }

    /// The path of calls on the bucket itself.
    var rootPath: String { pathPrefix.count > 1 ? String(pathPrefix.dropLast()) : pathPrefix }

    func path(ofKey key: String) -> String {
        pathPrefix + PercentEncoding.path(key)
    }
}

extension ChimeGateway {
    /// Maximum validity of playback URLs: whoever has one can play the recording.
    public static let playbackValidityMax: Duration = .seconds(300)

    /// - Spec: Amazon Chime SDK developer guide, "Understanding the Amazon S3 bucket folder structure": a
    ///   concatenation writes `<prefix>/audio/<its pipeline id>.mp4`, including the composited video.
    public func playableKey(prefix: String, concatenationPipelineID: String) -> String {
        "\(prefix)/audio/\(concatenationPipelineID).mp4"
    }

    public func object(_ key: String, timeout: Duration) async throws(GatewayError) -> StoredObject? {
        let path = try endpoint().path(ofKey: valid(key))
        return try await unlessGone { () async throws(GatewayError) in
            var request = AWSRequest(.head, try endpoint().url, path: path)
            // Without it S3 does not return the checksum.
            request.headers.append(name: "x-amz-checksum-mode", value: "ENABLED")
            let response = try await sendObjects(.getObject, request, timeout: timeout)
            guard let length = response.headers["Content-Length"].flatMap(Int64.init), length >= 0,
                let eTag = response.headers["ETag"]
            else { throw GatewayError(kind: .unavailable, code: "unreadable_answer") }
            let checksum = ["sha256", "crc64nvme"].lazy.compactMap { kind in
                response.headers["x-amz-checksum-" + kind].map { kind + ":" + $0 }
            }.first
            return StoredObject(
                bytes: length, eTag: String(eTag.filter { $0 != "\"" }), checksum: checksum)
        }
    }

    public func playbackURL(_ key: String, validity: Duration) async throws(GatewayError) -> String {
        let seconds = validity.components.seconds
        try require(seconds >= 1 && validity <= Self.playbackValidityMax, "validity")
        if let cloudFront = configuration.cloudFront {
            return try cloudFrontURL(cloudFront, try valid(key), seconds)
        }
        let endpoint = try endpoint()
        let request = AWSRequest(
            .get, endpoint.url, path: endpoint.path(ofKey: try valid(key)),
            query: [
                // Shown inline, with a name that reveals nothing about the visit, and not cached.
                .init("response-cache-control", "private, no-store"),
                .init("response-content-disposition", "inline; filename=\"recording.mp4\""),
                .init("response-content-type", "video/mp4"),
            ])
        return try await presignedURL(.getObject, request, validitySeconds: Int(seconds))
    }

    /// The distribution's origin is the bucket, so a key is a path there.
    private func cloudFrontURL(_ cloudFront: ChimeConfiguration.CloudFront, _ key: String, _ seconds: Int64)
        throws(GatewayError) -> String
    {
        let base = cloudFront.distribution
        let url = "\(base.scheme.rawValue)://\(base.authority)/\(PercentEncoding.path(key))"
        do {
            return try cloudFront.signer.signedURL(
                url, expiresAt: expiry(after: seconds),
                restrictions: cloudFront.usesCustomPolicy ? .init(notBefore: expiry(after: -60)) : nil)
        } catch { throw GatewayError(kind: .notAuthorised, code: "cloudfront_key") }
    }

    private func endpoint() throws(GatewayError) -> ObjectsEndpoint {
        guard let endpoint = objectsEndpoint else { throw .invalidArgument("recordings_bucket") }
        return endpoint
    }

    private func valid(_ key: String) throws(GatewayError) -> String {
        try require(ChimeSyntax.isObjectKey(key), "key")
        return key
    }
}
