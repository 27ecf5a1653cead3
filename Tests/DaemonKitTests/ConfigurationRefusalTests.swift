import TelehealthHandlers
import TelehealthModel
import TelehealthRules
import Testing

@testable import DaemonKit

/// What another machine can reach, with all that this takes.
private let reachable = [
    "--listen", "0.0.0.0:0", "--tls-certificate", "chain.pem", "--tls-key", "key.pem", "--issuer",
    "https://login.clinic.example",
]

@Suite("What a configuration is refused for") struct ConfigurationRefusalTests {
    /// Flags, and what the one sentence says.
    private static let rows: [([String], String)] = [
        (
            ["--listen", ""],
            "TELEHEALTH_LISTEN (--listen): must name at least one listener, such as 127.0.0.1:50051"
        ),
        (
            ["--listen", "nonsense,unix:"],
            "TELEHEALTH_LISTEN (--listen): 'nonsense' must be HOST:PORT, unix:PATH or unix:@NAME, with or without proxy: in front of it"
        ),
        (
            ["--listen", "127.0.0.1:65536"],
            "TELEHEALTH_LISTEN (--listen): '127.0.0.1:65536' must be HOST:PORT, unix:PATH or unix:@NAME, with or without proxy: in front of it"
        ),
        (
            ["--listen", "0.0.0.0:0"],
            "TELEHEALTH_LISTEN (--listen): 0.0.0.0 can be reached from other machines, which takes TLS: set --tls-certificate and --tls-key"
        ),
        (
            ["--listen", "proxy:127.0.0.1:0"],
            "TELEHEALTH_LISTEN (--listen): a proxy: listener needs --trusted-proxies: the proxies that may connect to it"
        ),
        (
            ["--monitoring-listen", "9464"],
            "TELEHEALTH_MONITORING_LISTEN (--monitoring-listen): '9464' must be HOST:PORT, such as 127.0.0.1:9464"
        ),
        (
            ["--tls-certificate", "c.pem"],
            "TELEHEALTH_TLS_KEY (--tls-key): missing: --tls-certificate needs its private key"
        ),
        (
            ["--tls-key", "k.pem"],
            "TELEHEALTH_TLS_CERTIFICATE (--tls-certificate): missing: --tls-key needs its certificate"
        ),
        (
            ["--tls-client-authorities", "a.pem"],
            "TELEHEALTH_TLS_CLIENT_AUTHORITIES (--tls-client-authorities): needs --tls-certificate and --tls-key"
        ),
        (
            ["--audience="],
            "TELEHEALTH_AUDIENCE (--audience): must not be empty: use the name that your issuer puts into aud"
        ),
        (
            ["--jwks-file", "keys.json"],
            "TELEHEALTH_ISSUER (--issuer): missing: name the issuer whose key set --jwks-file or --jwks-url is"
        ),
        (
            ["--issuer", "x", "--jwks-file", "k", "--jwks-url", "https://a.example"],
            "TELEHEALTH_JWKS_URL (--jwks-url): --jwks-file is set too: keep one of them"
        ),
        (
            ["--issuer", "x", "--jwks-url", "http://a.example"],
            "TELEHEALTH_JWKS_URL (--jwks-url): 'http://a.example' must be https: plain http is only for this machine"
        ),
        (
            ["--issuer", "x", "--jwks-url", "a.example"],
            "TELEHEALTH_JWKS_URL (--jwks-url): 'a.example' must be an https URL, such as https://login.clinic.example/keys, without a user name"
        ),
        (
            ["--development-tokens", "false"],
            "TELEHEALTH_ISSUER (--issuer): no token would be accepted: set --issuer, or keep listeners, front end and proxies on this machine, where development tokens are accepted"
        ),
        (
            ["--service-certificates", "dns:desk=front"],
            "TELEHEALTH_SERVICE_CERTIFICATES (--service-certificates): needs --tls-client-authorities: the authorities that issue those certificates"
        ),
        (
            ["--service-certificates", "desk=front"],
            "TELEHEALTH_SERVICE_CERTIFICATES (--service-certificates): 'desk=front' must have the form dns:NAME=SUBJECT or uri:URI=SUBJECT"
        ),
        (
            ["--service-certificates", "dns:desk=a b"],
            "TELEHEALTH_SERVICE_CERTIFICATES (--service-certificates): invalid subject 'a b': use 1 to 64 characters of A-Z a-z 0-9 . _ : -"
        ),
        (
            ["--rate-limits", "client=50"],
            "TELEHEALTH_RATE_LIMITS (--rate-limits): 'client=50' must have the form WHO=PER_SECOND/BURST, from 0.001 to 1000000 and from 1 to 1000000"
        ),
        (
            ["--rate-limits", "client=inf/200"],
            "TELEHEALTH_RATE_LIMITS (--rate-limits): 'client=inf/200' must have the form WHO=PER_SECOND/BURST, from 0.001 to 1000000 and from 1 to 1000000"
        ),
        (
            ["--rate-limits", "patient=1/2"],
            "TELEHEALTH_RATE_LIMITS (--rate-limits): unknown role 'patient': use one of service, scheduler, clinician, client, admin, guest, refused, open"
        ),
        (
            ["--trusted-proxies", "10.0.0.7/8"],
            "TELEHEALTH_TRUSTED_PROXIES (--trusted-proxies): '10.0.0.7/8' must be an address, a block of addresses (10.0.0.0/8, no bits set after the prefix) or unix"
        ),
        (
            ["--connections-max", "16", "--connections-per-address", "17"],
            "TELEHEALTH_CONNECTIONS_PER_ADDRESS (--connections-per-address): 17 is above --connections-max (16): lower it or raise that"
        ),
        (
            ["--handshakes-max", "1", "--handshakes-per-address", "2"],
            "TELEHEALTH_HANDSHAKES_PER_ADDRESS (--handshakes-per-address): 2 is above --handshakes-max (1): lower it or raise that"
        ),
        (
            ["--hello-timeout", "30s"],
            "TELEHEALTH_HANDSHAKE_TIMEOUT (--handshake-timeout): must be at least --hello-timeout, which it includes"
        ),
        (
            ["--max-connection-age", "9s"],
            "TELEHEALTH_MAX_CONNECTION_AGE (--max-connection-age): must be 0s for never, or from 10s to 30d"
        ),
        (
            ["--max-connection-idle", "1ms"],
            "TELEHEALTH_MAX_CONNECTION_IDLE (--max-connection-idle): must be 0s for never, or from 10s to 30d"
        ),
        (
            ["--media-region", "mars-1"],
            "TELEHEALTH_MEDIA_REGION (--media-region): 'mars-1' is not among --media-regions (us-east-1): add it there, or choose one of them"
        ),
        (
            ["--presence-lost-after", "15s"],
            "TELEHEALTH_PRESENCE_LOST_AFTER (--presence-lost-after): must be longer than --heartbeat-interval, or every participant would be gone between two heartbeats"
        ),
        (
            ["--frontend-url", "visits.clinic.example"],
            "FRONTEND_URL (--frontend-url): 'visits.clinic.example' must be an http or https URL, such as https://visits.clinic.example"
        ),
        (
            ["--home-place", "US-ZZ"],
            "TELEHEALTH_HOME_PLACE (--home-place): there is no policy for 'US-ZZ': use one of US-CA, US-GA, default, or add a policy file to --policy-dir"
        ),
        (
            ["--policy-dir", "/nowhere"],
            "TELEHEALTH_POLICY_DIR (--policy-dir): '/nowhere' cannot be read as a folder: check its path and permissions"
        ),
        (
            ["--recording-methods", "VERBAL"],
            "TELEHEALTH_RECORDING_METHODS (--recording-methods): unknown method 'VERBAL': use ELECTRONIC, PAPER or both"
        ),
        (
            ["--cloudfront-url", "https://d1.cloudfront.net", "--cloudfront-key-file", "k"],
            "TELEHEALTH_CLOUDFRONT_KEY_PAIR_ID (--cloudfront-key-pair-id): missing: --cloudfront-url, --cloudfront-key-pair-id and --cloudfront-key-file are set together"
        ),
        (
            ["--recording-kms-key", "alias/visits"],
            "TELEHEALTH_RECORDING_SINK_ROLE (--recording-sink-role): missing: --recording-kms-key and --recording-sink-role are set together"
        ),
        (
            ["--recording-sink-role", "arn:aws:iam::111122223333:role/sink"],
            "TELEHEALTH_RECORDING_KMS_KEY (--recording-kms-key): missing: --recording-kms-key and --recording-sink-role are set together"
        ),
        (
            ["--key-ring-file", "./data/ring"],
            "TELEHEALTH_KEY_RING_FILE (--key-ring-file): './data/ring' must be outside the data folder, so that a copy of the data does not hold its keys"
        ),
        (
            ["--aws-endpoint-url", "http://chime.example"],
            "AWS_ENDPOINT_URL (--aws-endpoint-url): 'http://chime.example' must be https: plain http is only for this machine"
        ),
    ]

    @Test(arguments: rows)
    func `a value or a combination that cannot be meant is refused in one sentence`(
        flags: [String], sentence: String
    ) {
        let sentences = refusals(flags)
        #expect(sentences.first == sentence && sentences.allSatisfy { $0.contains("--") }, "\(sentences)")
    }

    /// Each by itself is in its range.
    @Test(arguments: [
        ["--attendees-max", "26", "--video-resolution", "FHD"], ["--aws-region", "Mars!"],
        ["--attendees-max", "26", "--content-resolution", "UHD"], ["--aws-s3-recordings-bucket-region", "Mars!"],
        ["--recording-kms-key", "a key", "--recording-sink-role", "arn:aws:iam::111122223333:role/sink"],
        ["--recording-sink-role", "role/sink", "--recording-kms-key", "alias/visits"],
        ["--recording-sink-role", "arn:aws:s3:::visits", "--recording-kms-key", "alias/visits"],
        ["--media-regions", "Mars!", "--media-region", "Mars!"],
        ["--aws-s3-recordings-bucket", "Visits!"], ["--aws-endpoint-url", "http://127.0.0.1:4600/chime"],
    ])
    func `what Chime would refuse is refused before anything is created`(flags: [String]) {
        let sentences = refusals(flags)
        #expect(
            sentences.count == 1 && sentences[0].contains("(\(flags[0])): '\(flags[1])' "), "\(sentences)")
    }

    @Test(arguments: [
        "", "/recordings", "recordings/", "a//b", "../b", "a/./b", "ä", "a b",
        String(repeating: "r", count: 513),
    ])
    func `a recording prefix that no key may begin with is refused`(prefix: String) {
        let sentences = refusals(["--recording-prefix=\(prefix)"])
        #expect(
            sentences.count == 1
                && sentences[0].hasPrefix(
                    "TELEHEALTH_RECORDING_PREFIX (--recording-prefix): '\(prefix)' cannot begin"),
            "\(sentences)")
    }

    @Test(arguments: ["r", "recordings", "video/visits", "a.b_c-1/2", String(repeating: "r", count: 512)])
    func `a recording prefix of plain parts is accepted`(prefix: String) throws {
        #expect(try configuration(["--recording-prefix", prefix]).policy.recordingPrefix == prefix)
    }

    private static let dangers: [([String], String)] = [
        (["--audit-reads", "false"], "--allow-unaudited-reads"),
        (["--rate-limits", "none"], "--allow-unlimited-calls"),
        (["--rate-limits", "client=50/200"], "--allow-unlimited-calls"),
        (["--recording-retention", "23h"], "--allow-short-retention"),
        (["--monitoring-listen", "0.0.0.0:9464"], "--allow-open-monitoring"),
    ]

    @Test(arguments: dangers)
    func `what is dangerous where others can call is refused until it is permitted by its name`(
        flags: [String], allowance: String
    ) {
        let sentences = refusals(reachable + flags)
        #expect(
            sentences.count == 1 && sentences[0].contains("(\(flags[0])): ")
                && sentences[0].contains(allowance), "\(sentences)")
        #expect(refusals(reachable + flags + [allowance]) == [])
        let others = Self.dangers.map(\.1).filter { $0 != allowance }
        #expect(refusals(reachable + flags + others).count == 1, "another permission does not count for this")
        if allowance != "--allow-open-monitoring" {
            #expect(refusals(flags) == [], "on one machine it is its owner's matter")
        }
    }

    @Test(arguments: [
        (["--trusted-proxies", "10.0.0.5"], "a proxy forwards calls from elsewhere"),
        (["--frontend-url", "https://visits.clinic.example"], "the front end is on another machine"),
        (["--frontend-url", "http://localhost@evil.example"], "the front end is on another machine"),
        (["--frontend-url", "http://127.evil.example"], "the front end is on another machine"),
        (["--issuer", "https://login.clinic.example"], "an issuer is configured"),
        (reachable, "a listener can be reached from other machines"),
    ])
    func
        `what is only for people on this machine goes off when others can call, and asking for it is refused`(
            flags: [String], why: String
        ) throws
    {
        let issuer = flags.contains("--issuer") ? [] : ["--issuer", "https://login.clinic.example"]
        let configuration = try configuration(flags + issuer)
        #expect(!configuration.identity.acceptsDevelopmentTokens && !configuration.access.opensReflection)
        for asked in ["--development-tokens", "--reflection"] {
            let sentences = refusals(flags + [asked, "true"])
            #expect(
                sentences.contains {
                    $0.contains("(\(asked)): ") && $0.contains(why) && $0.contains("leave the setting out")
                }, "\(sentences)")
        }
        #expect(try DaemonKitTests.configuration().identity.acceptsDevelopmentTokens)
    }

    @Test func `outdated consent names are accepted with advice`() throws {
        let configuration = try configuration(["--join-consents", "HIPAA_TELEHEALTH,telehealth"])
        #expect(
            configuration.advice == [
                "TELEHEALTH_JOIN_CONSENTS (--join-consents): write hipaa_telehealth instead of HIPAA_TELEHEALTH, which the next release will not accept"
            ])
        #expect(configuration.policy.joinConsents == [.hipaaTelehealth, .telehealth])
        #expect(try DaemonKitTests.configuration(["--join-consents", "none"]).policy.joinConsents == [])
        #expect(try DaemonKitTests.configuration().policy.joinConsents == nil)
        #expect(
            refusals(["--join-consents", "oregon"]).first?.contains(
                "unknown consent type 'oregon': use none, or types out of ") == true)
        #expect(
            refusals(["--join-consents", "recording"]).count == 1, "it is asked for when the recording starts"
        )
    }
}
