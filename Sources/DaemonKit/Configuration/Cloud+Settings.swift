internal import ChimeGateway
internal import HTTPSClient

extension DaemonConfiguration {
    /// Chime, S3 and the queue of Chime's events.
    struct Cloud: Sendable {
        var region: String
        var bucket: String?
        /// nil: ``region``.
        var bucketRegion: String?
        var encryption: ChimeConfiguration.SinkEncryption?
        /// By the names of their environment variables, as the gateway looks them up.
        var endpoints: [String: String]
        var mediaRegions: Set<String>
        var echoReduction: Bool
        var videoResolution: String
        var contentResolution: String
        var attendeesMax: Int
        var callsPerSecond: Int
        /// PEM file for outgoing https; nil: the system's authorities.
        var authoritiesFile: String?
        /// URL of the SQS queue of Chime's events; nil: none is read.
        var eventsQueue: String?
        var cloudFront: CloudFront?

        /// - Parameter mediaRegions: the Regions that may carry media.
        init(_ reader: inout SettingReader, mediaRegions: Set<String>) {
            // Read so that the earlier system's configuration is accepted.
            _ = reader.text("aws.accountId")
            region = reader.text("aws.region")
            attendeesMax = reader.integer("telehealth.attendeesMax")
            callsPerSecond = reader.integer("telehealth.chimeCallsPerSecond")
            authoritiesFile = reader.optionalText("telehealth.caFile")
            eventsQueue = reader.optionalURL("telehealth.eventsQueueUrl")
            cloudFront = CloudFront(&reader)
            bucket = reader.optionalText("aws.s3.recordingsBucket")
            bucketRegion = reader.optionalText("aws.s3.recordingsBucketRegion")
            encryption = Self.encryption(&reader)
            endpoints = Self.endpoints(&reader)
            echoReduction = reader.boolean("telehealth.echoReduction")
            videoResolution = reader.text("telehealth.videoResolution")
            contentResolution = reader.text("telehealth.contentResolution")
            self.mediaRegions = mediaRegions
            do throws(ChimeConfiguration.ConfigurationError) {
                try chime().validate()
            } catch {
                let key = Self.key(of: error.setting)
                let value = reader.effective.last { $0.setting.key == key }?.text ?? ""
                reader.refuse(key, "'\(value)' \(error.problem)")
            }
        }

        /// Where SQS is reached; nil: AWS's own endpoint.
        var eventsQueueEndpoint: String? { endpoints["AWS_ENDPOINT_URL_SQS"] ?? endpoints["AWS_ENDPOINT_URL"] }

        /// Without CloudFront, whose key file is read when the service starts.
        ///
        /// - Throws: for an endpoint that cannot be used; never after ``init(_:mediaRegions:)`` accepted it.
        func chime() throws(ChimeConfiguration.ConfigurationError) -> ChimeConfiguration {
            var chime = ChimeConfiguration(
                controlRegion: region, allowedMediaRegions: mediaRegions,
                endpoints: try .init(controlRegion: region, environment: endpoints))
            chime.echoReduction = echoReduction ? .available : .unavailable
            chime.videoResolution = .init(rawValue: videoResolution) ?? .hd
            chime.attendeesMax = attendeesMax
            chime.contentResolution = .init(rawValue: contentResolution) ?? .fullHD
            chime.recordingsBucket = bucket
            chime.recordingsBucketRegion = bucketRegion
            chime.sinkEncryption = encryption
            return chime
        }

        /// Key and role together; nil without either.
        private static func encryption(_ reader: inout SettingReader) -> ChimeConfiguration.SinkEncryption? {
            let key = reader.text("telehealth.recordingKmsKey")
            let role = reader.text("telehealth.recordingSinkRole")
            if key.isEmpty && role.isEmpty { return nil }
            for (name, text) in [("telehealth.recordingKmsKey", key), ("telehealth.recordingSinkRole", role)]
            where text.isEmpty {
                reader.refuse(name, "missing: --recording-kms-key and --recording-sink-role are set together")
            }
            return key.isEmpty || role.isEmpty ? nil : .init(kmsKeyID: key, sinkRoleARN: role)
        }

        private static func endpoints(_ reader: inout SettingReader) -> [String: String] {
            let keys = [
                "aws.endpointUrl", "aws.endpointUrlChimeSdkMeetings", "aws.endpointUrlChimeSdkMediaPipelines",
                "aws.endpointUrlS3", "aws.endpointUrlSqs",
            ]
            var endpoints: [String: String] = [:]
            for key in keys {
                guard let name = SettingTable.row(key)?.environmentName, let text = reader.optionalURL(key)
                else { continue }
                // One that is refused already is not refused again in the gateway's words.
                if (try? HTTPSURL(text)) != nil { endpoints[name] = text }
            }
            return endpoints
        }

        /// The key of a setting that the gateway knows by another name.
        private static func key(of name: String) -> String {
            switch name {
            case "controlRegion": "aws.region"
            case "allowedMediaRegions": "telehealth.mediaRegions"
            case "attendeesMax": "telehealth.attendeesMax"
            case "recordingsBucket": "aws.s3.recordingsBucket"
            case "recordingsBucketRegion": "aws.s3.recordingsBucketRegion"
            case "kmsKeyID": "telehealth.recordingKmsKey"
            case "sinkRoleARN": "telehealth.recordingSinkRole"
            default: SettingTable.all.first { $0.environmentName == name }?.key ?? name
            }
        }
    }

    struct CloudFront: Sendable, Hashable {
        var distribution: String
        var keyPairID: String
        var keyFile: String
        var usesCustomPolicy: Bool

        /// Distribution, key and key file together; nil without any of them.
        init?(_ reader: inout SettingReader) {
            distribution = reader.text("telehealth.cloudfrontUrl")
            keyPairID = reader.text("telehealth.cloudfrontKeyPairId")
            keyFile = reader.text("telehealth.cloudfrontKeyFile")
            usesCustomPolicy = reader.text("telehealth.cloudfrontPolicy") == "CUSTOM"
            if distribution.isEmpty && keyPairID.isEmpty && keyFile.isEmpty { return nil }
            for (key, text) in [
                ("telehealth.cloudfrontUrl", distribution), ("telehealth.cloudfrontKeyPairId", keyPairID),
                ("telehealth.cloudfrontKeyFile", keyFile),
            ] where text.isEmpty {
                reader.refuse(
                    key, "missing: --cloudfront-url, --cloudfront-key-pair-id and --cloudfront-key-file are set together")
            }
        }
    }
}
