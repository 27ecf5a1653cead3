import ChimeGateway
import HTTPSClient
import LoopbackHTTP
import Testing

@Suite("Gateway configuration") struct ChimeConfigurationTests {
    private func endpoints(_ environment: [String: String]) throws -> ChimeConfiguration.Endpoints {
        try .init(controlRegion: "eu-central-1", environment: environment)
    }

    @Test("without overrides AWS's own hosts are called")
    func defaults() throws {
        let endpoints = try endpoints([:])
        #expect(endpoints.meetings.text == "https://meetings-chime.eu-central-1.amazonaws.com/")
        #expect(endpoints.mediaPipelines.text == "https://media-pipelines-chime.eu-central-1.amazonaws.com/")
        #expect(endpoints.s3Override == nil)
    }

    @Test("a service's own variable goes before the common one, and both can be switched off")
    func overrides() throws {
        var environment = [
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9000", "AWS_ENDPOINT_URL_S3": "https://s3.internal",
            "AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS": "http://[::1]:9001/",
        ]
        let overridden = try endpoints(environment)
        #expect(overridden.meetings.text == "http://[::1]:9001/")
        #expect(overridden.mediaPipelines.text == "http://127.0.0.1:9000/")
        #expect(overridden.s3Override?.text == "https://s3.internal/")
        environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        #expect(try endpoints(environment).s3Override == nil)
    }

    @Test(
        "an override over plain http off loopback, to a metadata address or below a path is refused",
        arguments: ["http://example.org", "http://169.254.169.254", "https://host/path", "nonsense"])
    func refusedOverrides(address: String) {
        let error = #expect(throws: ChimeConfiguration.ConfigurationError.self) {
            try endpoints(["AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS": address])
        }
        #expect(error?.setting == "AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS")
    }

    @Test("settings that Chime would refuse are refused at the start, by name")
    func settings() throws {
        let changes: [(String, (inout ChimeConfiguration) -> Void)] = [
            ("controlRegion", { $0.controlRegion = "evil.example.org/" }),
            ("allowedMediaRegions", { $0.allowedMediaRegions = [] }),
            ("attendeesMax", { $0.attendeesMax = 0 }), ("attendeesMax", { $0.attendeesMax = 251 }),
            (
                "attendeesMax",
                {
                    $0.videoResolution = .fullHD; $0.attendeesMax = 26
                }
            ),
            ("recordingsBucket", { $0.recordingsBucket = "Visits/x" }),
            ("recordingsBucketRegion", { $0.recordingsBucketRegion = "a b" }),
            ("kmsKeyID", { $0.sinkEncryption = .init(kmsKeyID: "", sinkRoleARN: "arn:aws:iam::1:role/sink") }),
            ("sinkRoleARN", { $0.sinkEncryption = .init(kmsKeyID: "alias/visits", sinkRoleARN: "role/sink") }),
        ]
        for (setting, change) in changes {
            let error = #expect(throws: ChimeConfiguration.ConfigurationError.self) {
                try GatewayHarness(change) { _ in .hangUp }
            }
            #expect(error?.setting == setting)
        }
    }

    @Test("the list of actions holds what is called and what AWS checks for us, each once")
    func actions() {
        let actions = ChimeGateway.requiredActions
        #expect(Set(actions).count == actions.count)
        #expect(actions.contains("chime:CreateMeetingWithAttendees"))
        #expect(actions.contains("s3:GetBucketPolicy"))
        #expect(!actions.contains { $0.contains("*") })
    }
}
