import ChimeGateway
import TelehealthHandlers
import TelehealthModel
import TelehealthRules
import Testing

@testable import DaemonKit

@Suite("The configuration") struct ConfigurationTests {
    @Test func `an unknown flag is refused with the nearest one that exists, or with where to look`() {
        #expect(
            refusals(["--recording-retentoin", "10d"]) == [
                "unknown flag --recording-retentoin; did you mean --recording-retention? See telehealthd --help"
            ])
        #expect(refusals(["--zzz", "1"]) == ["unknown flag --zzz; see telehealthd --help"])
        #expect(
            refusals(["serve"]) == [
                "unexpected argument 'serve': settings are given as --flag VALUE; see telehealthd --help"
            ])
    }

    @Test func `a variable of this family that is not a setting is refused, and those of others are not`() {
        #expect(
            refusals(environment: ["TELEHEALTH_SWEEPINTERVAL": "1s"]) == [
                "TELEHEALTH_SWEEPINTERVAL: unknown setting; did you mean TELEHEALTH_SWEEP_INTERVAL?"
            ])
        #expect(
            refusals(environment: ["TELEHEALTH_FROBNICATE_ALL": "1"]) == [
                "TELEHEALTH_FROBNICATE_ALL: unknown setting; telehealthd --help lists all settings"
            ])
        let others = [
            "TELEHEALTH_TOKEN": "x", "TELEHEALTH_SERVICE_HOST": "10.0.0.7",
            "TELEHEALTH_PORT": "tcp://10.0.0.7:50051",
            "TELEHEALTH_PORT_50051_TCP_ADDR": "10.0.0.7", "TELEHEALTH_OLD_NAME": "", "TELEHEALTHY": "yes",
            "PATH": "/bin",
        ]
        #expect(refusals(environment: others) == [])
        #expect(
            refusals(environment: ["TELEHEALTH_PORT": "50051"]).map { $0.prefix { $0 != ";" } } == [
                "TELEHEALTH_PORT: unknown setting"
            ])
    }

    @Test(arguments: [
        (
            #"{"telehealth": {"recordingRetentoin": "10d"}}"#,
            "telehealth.recordingRetentoin: unknown setting; did you mean telehealth.recordingRetention?"
        ),
        (#"{"telehelth": {}}"#, "telehelth: unknown setting; telehealthd --help lists all settings"),
        (
            #"{"telehealth": {"listne": null}}"#,
            "telehealth.listne: unknown setting; did you mean telehealth.listen?"
        ),
        (#"{"telehealth": "x"}"#, "telehealth: unknown setting; telehealthd --help lists all settings"),
        (
            #"{"telehealth.earlyJoin": "1m", "telehealth": {"earlyJoin": "2m"}}"#,
            "telehealth.earlyJoin: set twice; keep one"
        ),
    ])
    func `a name in the file that is unknown or set twice is refused with the file's path`(
        text: String, sentence: String
    ) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("settings.json", text)
        #expect(refusals(file: file) == ["\(sentence) (from \(file))"])
    }

    @Test(arguments: [
        (#"{"telehealth": {"earlyJoin": 5}}"#, "TELEHEALTH_EARLY_JOIN (--early-join)"),
        (#"{"telehealth": {"earlyJoin": {"minutes": 5}}}"#, "TELEHEALTH_EARLY_JOIN (--early-join)"),
        (#"{"telehealth": {"loops": "2"}}"#, "TELEHEALTH_LOOPS (--loops)"),
        (#"{"telehealth": {"auditReads": "true"}}"#, "TELEHEALTH_AUDIT_READS (--audit-reads)"),
        (#"{"telehealth": {"auditReads": 1}}"#, "TELEHEALTH_AUDIT_READS (--audit-reads)"),
        (#"{"telehealth": {"listen": true}}"#, "TELEHEALTH_LISTEN (--listen)"),
        (#"{"telehealth": {"locationStates": ["GA", 1]}}"#, "TELEHEALTH_LOCATION_STATES (--location-states)"),
        (#"{"telehealth": {"locationStates": ["GA,FL"]}}"#, "TELEHEALTH_LOCATION_STATES (--location-states)"),
        (#"{"telehealth": {"lateJoin": ["20m"]}}"#, "TELEHEALTH_LATE_JOIN (--late-join)"),
    ])
    func `a value of another JSON type is refused by the setting's name`(text: String, title: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("settings.json", text)
        let sentences = refusals(file: file)
        #expect(
            sentences.count == 1 && sentences[0].hasPrefix("\(title): wrong type (from \(file)): must be "),
            "\(sentences)")
    }

    @Test(arguments: [
        ("[]", "the document is not an object"), ("{", "expected a string"), ("", "expected a JSON value"),
        (#"{"a": 1, "a": 2}"#, "appears twice"),
        (#"{"telehealth": {"loops": 1.5}}"#, "expected a whole number"), ("\u{feff}\u{feff}{}", "expected a JSON value"),
    ])
    func `a file that is not a JSON object is refused with its path and the place`(text: String, why: String)
        throws
    {
        let folder = try TemporaryFolder()
        let file = try folder.write("settings.json", text)
        let sentences = refusals(file: file)
        #expect(
            sentences.count == 1 && sentences[0].hasPrefix("--config \(file): not a readable JSON file: "),
            "\(sentences)")
        #expect(sentences[0].contains(why), "\(sentences)")
    }

    @Test func `a file that is not there is refused with its path`() {
        #expect(
            refusals(file: "/nowhere/settings.json") == [
                "--config /nowhere/settings.json: not a readable JSON file: /nowhere/settings.json does not exist"
            ])
    }

    @Test
    func
        `a file may begin with a byte order mark, nest or dot its names, list words, and leave settings null`()
        throws
    {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "settings.json",
            "\u{feff}"
                + #"{"telehealth": {"locationStates": ["GA", "FL"], "lateJoin": null}, "telehealth.earlyJoin": "21m", "aws": {"s3": {"recordingsBucket": "visits"}}}"#
        )
        let configuration = try configuration(file: file)
        #expect(configuration.policy.allowedLocationStates == ["GA", "FL"])
        #expect(configuration.policy.earlyJoin == .seconds(21 * 60) && configuration.policy.lateJoin == .zero)
        #expect(configuration.cloud.bucket == "visits")
    }

    @Test func `where and how recordings are stored reaches the gateway`() throws {
        let plain = try configuration([]).cloud.chime()
        #expect(plain.recordingsBucketRegion == nil && plain.sinkEncryption == nil && plain.contentResolution == .fullHD)
        let chime = try configuration([
            "--aws-s3-recordings-bucket", "visits", "--aws-s3-recordings-bucket-region", "eu-central-1",
            "--recording-kms-key", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "--recording-sink-role", "arn:aws:iam::111122223333:role/sink", "--content-resolution", "None",
        ]).cloud.chime()
        #expect(chime.controlRegion == "us-east-1" && chime.recordingsBucketRegion == "eu-central-1")
        #expect(
            chime.sinkEncryption
                == .init(
                    kmsKeyID: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                    sinkRoleARN: "arn:aws:iam::111122223333:role/sink"))
        #expect(chime.contentResolution == .none)
    }

    @Test func `every fault is reported at once`() {
        let sentences = refusals(
            ["--log-level", "loud", "--early-join", "soon", "--loops", "-1"],
            environment: ["TELEHEALTH_X": "1"])
        #expect(
            sentences.map { String($0.prefix { $0 != ":" }) } == [
                "TELEHEALTH_X", "TELEHEALTH_LOOPS (--loops)", "TELEHEALTH_LOG_LEVEL (--log-level)",
                "TELEHEALTH_EARLY_JOIN (--early-join)",
            ])
    }

    @Test func `times have units`() throws {
        let units: [(String, Duration)] = [
            ("200ms", .milliseconds(200)), ("15s", .seconds(15)), ("15m", .seconds(900)),
            ("24h", .seconds(86_400)),
            ("365d", .seconds(365 * 86_400)), ("0s", .zero), ("007s", .seconds(7)),
        ]
        for (text, duration) in units { #expect(Duration(setting: text) == duration) }
        for text in [
            "", "15", "s", "15S", "1.5h", "-1s", "+1s", " 1s", "1s ", "1 s", "1w", "1000000001s", "inf",
            "0x1s",
        ] {
            #expect(Duration(setting: text) == nil, "\(text)")
        }
    }

    @Test func `what has no setting keeps the domain's default, and so does what has one`() throws {
        var policy = try configuration().policy
        // All methods that a place may accept, in the form that the setting has.
        #expect(policy.recordingConsentMethods == [.electronic, .paper])
        policy.recordingConsentMethods = nil
        #expect(policy == Policy())
    }

    @Test func `the print of a configuration has a line for each setting, in the order of the help`() throws {
        let lines = try configuration(["--early-join", "41m"], environment: ["AWS_REGION": "eu-west-1"])
            .description.split(separator: "\n")
        #expect(lines.map { String($0.prefix { $0 != "=" }) } == SettingTable.all.map(\.environmentName))
        #expect(
            lines.contains("TELEHEALTH_EARLY_JOIN=41m  # flag")
                && lines.contains("AWS_REGION=eu-west-1  # environment"))
        #expect(lines.contains("TELEHEALTH_DATA_DIR=./data  # default"))
    }

    @Test func `a secret of the environment is in no print and in no refusal`() throws {
        let secrets = [
            "AWS_ACCESS_KEY_ID": "AKIASECRET", "AWS_SECRET_ACCESS_KEY": "hunter2",
            "TELEHEALTH_TOKEN": "hunter3",
        ]
        let print = try configuration(environment: secrets).description
        #expect(!print.contains("SECRET") && !print.contains("hunter"))
        let sentences = refusals(
            ["--issuer", "x", "--jwks-url", "https://clinic:hunter2@login.clinic.example/keys?a@b"],
            environment: secrets.merging(["AWS_ENDPOINT_URL": "http://a:hunter4@s3.example"]) { first, _ in
                first
            })
        #expect(sentences.count == 2 && !sentences.joined().contains("hunter"), "\(sentences)")
        #expect(sentences.joined().contains("https://…@login.clinic.example/keys"))
    }
}
