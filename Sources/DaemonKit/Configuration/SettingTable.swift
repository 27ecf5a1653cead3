internal import Identity

/// Every setting of the daemon, in the order in which `--help` shows them.
enum SettingTable {
    /// Settings that belong together, below one heading of `--help`.
    struct Group: Sendable {
        let title: String
        let settings: [Setting]
    }

    static let groups = [
        Group(title: "Service", settings: service),
        Group(title: "Connections", settings: connections),
        Group(title: "Identity: whose tokens are accepted", settings: identity),
        Group(title: "Access: who may call, how often and from where", settings: access),
        Group(
            title: "Permissions for what is refused by default when others can reach the service", settings: allowances),
        Group(title: "AWS", settings: cloud),
        Group(title: "Visits", settings: visits),
        Group(title: "Consents and recordings", settings: consents),
        Group(title: "Background work", settings: workers),
        Group(title: "Audit log", settings: audit),
    ]

    static let all: [Setting] = groups.flatMap(\.settings)

    private static let byKey = Dictionary(all.map { ($0.key, $0) }) { first, _ in first }

    static func row(_ key: String) -> Setting? { byKey[key] }

    private static let service: [Setting] = [
        Setting(
            "telehealth.dataDir", .text, "./data", "Folder of the database, its lock and the development key"),
        Setting(
            "telehealth.listen", .list, "127.0.0.1:50051",
            "Where to serve, separated by commas: HOST:PORT (port 0 picks a free one), unix:PATH (mode 0600) or unix:@NAME"
                + " (abstract, open to every account on this machine); put proxy: first if a trusted proxy begins each"
                + " connection with a PROXY header (version 2)"),
        Setting(
            "telehealth.tlsCertificate", .text, "",
            "PEM file with the certificate chain; with it, every HOST:PORT uses TLS"),
        Setting("telehealth.tlsKey", .text, "", "PEM file with the certificate's private key"),
        Setting(
            "telehealth.tlsClientAuthorities", .text, "",
            "PEM file with the authorities that client certificates must come from; empty: none are asked for"),
        Setting(
            "telehealth.monitoringListen", .text, "",
            "HOST:PORT for /metrics, /livez and /readyz over plain HTTP; HOST is an IP address or localhost; empty: none"),
        Setting(
            "telehealth.backupDir", .text, "",
            "Folder for the copies that BackupDatabase makes; empty: 'backups' in the data folder"),
        Setting(
            "telehealth.storeSpaceAlarm", .integer(0...90), "10",
            "Percentage of the data folder's disk that must stay free; below it an alarm is logged; 0: no alarm"),
        Setting("telehealth.loops", .integer(0...256), "0", "Event loops, one thread each; 0: one per CPU core"),
        Setting(
            "telehealth.reflection", .boolean, "true",
            "Offer server reflection: to everyone on this machine, from elsewhere only to the role admin"),
        Setting(
            "telehealth.logLevel", .choice(["trace", "debug", "info", "notice", "warning", "error"]), "info",
            "Lowest level that is logged"),
        Setting(
            "telehealth.shutdownGrace", .duration("0s", "1h"), "10s", "How long running calls may continue after SIGTERM"),
        Setting("frontend.url", .text, "http://localhost:3000", "Base URL of the join links, http or https"),
    ]

    private static let connections: [Setting] = [
        Setting(
            "telehealth.permittedPingInterval", .duration("1s", "2h"), "10s",
            "Shortest interval between a peer's PINGs while it has a call open; a peer that keeps sending them sooner is"
                + " disconnected"),
        Setting(
            "telehealth.keepaliveTime", .duration("1s", "24h"), "2h",
            "Silence after which a peer is sent a PING; with an open watch it is sent sooner, in time for"
                + " --presence-lost-after"),
        Setting(
            "telehealth.keepaliveTimeout", .duration("1s", "10m"), "20s",
            "How long a peer may take to answer that PING before it is disconnected"),
        Setting(
            "telehealth.maxConnectionAge", .duration("0s", "30d"), "0s",
            "Age, give or take a tenth, at which a peer is asked to leave (GOAWAY): 10s or more; 0s: never"),
        Setting(
            "telehealth.maxConnectionAgeGrace", .duration("1s", "24h"), "5m",
            "How long the calls that are open then may continue"),
        Setting(
            "telehealth.maxConnectionIdle", .duration("0s", "30d"), "0s",
            "Time without a call after which a peer is asked to leave (GOAWAY): 10s or more; 0s: never"),
        Setting(
            "telehealth.maxStreamsPerConnection", .integer(1...10_000), "128", "Calls open at once on one connection"),
        Setting(
            "telehealth.maxRequestBytes", .integer(65_536...67_108_864), "4194304",
            "Longest request message in bytes, after decompression"),
    ]

    private static let identity: [Setting] = [
        Setting(
            "telehealth.audience", .text, "telehealth",
            "This service's name in the aud claim of tokens; must not be empty"),
        Setting(
            "telehealth.issuer", .text, "",
            "iss claim of the tokens that are accepted; without --jwks-file or --jwks-url, its keys are found through its"
                + " discovery document (/.well-known/openid-configuration)"),
        Setting("telehealth.jwksFile", .text, "", "File with the issuer's key set (RFC 7517)"),
        Setting("telehealth.jwksUrl", .text, "", "https URL of the issuer's key set, instead of --jwks-file"),
        Setting(
            "telehealth.jwksReload", .duration("10s", "24h"), "5m",
            "How often the key set is read again, unless the issuer asks for sooner"),
        Setting(
            "telehealth.roleClaim", .text, ClaimNames.standard.role,
            "Claim with the caller's role: its name, or a list that contains the name of one role"),
        Setting(
            "telehealth.personClaim", .text, ClaimNames.standard.person,
            "Claim with a client's or guardian's id in the clinic's records"),
        Setting(
            "telehealth.clinicianClaim", .text, ClaimNames.standard.clinician,
            "Claim with a staff member's id in the clinic's records"),
        Setting(
            "telehealth.developmentTokens", .boolean, "true",
            "Accept tokens signed with the data folder's development key; off by itself when others can reach the service"),
        Setting(
            "telehealth.guestKeyFile", .text, "",
            "File with the key that signs guests' grants, created at the first start; empty: guest-key in the data folder"),
    ]

    private static let access: [Setting] = [
        Setting(
            "telehealth.keyRingFile", .text, "",
            "File with the keys that seal personal columns, outside the data folder; empty: the data folder's name followed"
                + " by .keys"),
        Setting(
            "telehealth.tlsClientCertificates", .choice(["required", "optional"]), "required",
            "With --tls-client-authorities: every caller needs a client certificate, or only callers without a token"),
        Setting(
            "telehealth.serviceCertificates", .list, "",
            "Services known by their client certificate, separated by commas: dns:NAME=SUBJECT or uri:URI=SUBJECT; append"
                + " :scheduler for that role"),
        Setting(
            "telehealth.rateLimits", .list,
            "client=50/200,clinician=100/400,admin=100/400,scheduler=500/2000,service=2000/4000,refused=50/500,open=200/1000",
            "Calls per second and in a burst, WHO=PER_SECOND/BURST separated by commas: a role for each of its callers;"
                + " refused for an address whose tokens or grants are refused; open for an address without a token; or the"
                + " word none: no limits"),
        Setting(
            "telehealth.trustedProxies", .list, "",
            "Peers whose x-forwarded-for and PROXY headers are believed, separated by commas: addresses, blocks of addresses"
                + " (10.0.0.0/8), or unix for every peer on a unix socket"),
        Setting(
            "telehealth.connectionsMax", .integer(16...1_000_000), "16384",
            "Connections open at once; above that, the oldest one that made no call is closed"),
        Setting(
            "telehealth.connectionsPerAddress", .integer(1...1_000_000), "1024",
            "Connections open at once from one address; an IPv6 /64 counts as one address"),
        Setting("telehealth.handshakesMax", .integer(1...100_000), "512", "TLS handshakes under way at once"),
        Setting(
            "telehealth.handshakesPerAddress", .integer(1...100_000), "64",
            "TLS handshakes under way at once from one address"),
        Setting(
            "telehealth.helloTimeout", .duration("100ms", "1m"), "5s",
            "How long a new connection may take to send its TLS ClientHello"),
        Setting(
            "telehealth.handshakeTimeout", .duration("100ms", "10m"), "20s",
            "How long a new connection may take in all: TLS and its HTTP/2 SETTINGS; at least --hello-timeout"),
        Setting(
            "telehealth.emergencyAccess", .duration("0s", "24h"), "15m",
            "How long a watch that was opened in an emergency lasts; 0s: no emergency access"),
    ]

    /// What nobody should do by mistake where others can reach the service: each is asked for by its own name.
    private static let allowances: [Setting] = [
        Setting(
            "telehealth.allowUnauditedReads", .boolean, "false", "Permit --audit-reads false"),
        Setting(
            "telehealth.allowUnlimitedCalls", .boolean, "false",
            "Permit --rate-limits without a limit for a role, for refused or for open"),
        Setting(
            "telehealth.allowShortRetention", .boolean, "false",
            "Permit --recording-retention below one day"),
        Setting(
            "telehealth.allowOpenMonitoring", .boolean, "false",
            "Permit --monitoring-listen on an address that other machines reach: it asks nobody for a token"),
    ]

    private static let cloud: [Setting] = [
        Setting("aws.region", .text, "us-east-1", "Control Region of Chime"),
        Setting(
            "aws.accountId", .text, "",
            "Accepted from the earlier system's configuration and not used: Chime names its meetings by ARN"),
        Setting("aws.s3.recordingsBucket", .text, "", "S3 bucket for recordings; empty: recording is refused"),
        Setting("aws.s3.recordingsBucketRegion", .text, "", "Region of that bucket; empty: --aws-region"),
        Setting(
            "telehealth.recordingKmsKey", .text, "",
            "KMS key (ARN, id or alias) that Chime encrypts each recorded file with; empty: the bucket's own encryption"),
        Setting(
            "telehealth.recordingSinkRole", .text, "",
            "ARN of the IAM role with which Chime uses --recording-kms-key; the two are set together"),
        Setting(
            "telehealth.recordingPrefix", .text, "recordings",
            "First part of every new recording's key in the bucket, such as recordings or video/visits"),
        Setting(
            "aws.endpointUrl", .text, "",
            "Endpoint for every AWS service, as the AWS tools know it; plain http on loopback only; empty: AWS's own"),
        Setting("aws.endpointUrlChimeSdkMeetings", .text, "", "Endpoint for Chime SDK meetings"),
        Setting("aws.endpointUrlChimeSdkMediaPipelines", .text, "", "Endpoint for Chime SDK media pipelines"),
        Setting("aws.endpointUrlS3", .text, "", "Endpoint for S3"),
        Setting("aws.endpointUrlSqs", .text, "", "Endpoint for SQS"),
        Setting(
            "telehealth.eventsQueueUrl", .text, "",
            "URL of the SQS queue that receives Chime's events from EventBridge; empty: none is read"),
        Setting(
            "telehealth.cloudfrontUrl", .text, "",
            "CloudFront distribution in front of the bucket; with it, playback URLs are signed for CloudFront instead of S3"),
        Setting("telehealth.cloudfrontKeyPairId", .text, "", "Id of the distribution's public key"),
        Setting(
            "telehealth.cloudfrontKeyFile", .text, "", "PEM file with that key's RSA private key (mode 0600)"),
        Setting(
            "telehealth.cloudfrontPolicy", .choice(["CANNED", "CUSTOM"]), "CANNED",
            "Form of the signed policy: with an end only, or with a start and an end"),
        Setting(
            "telehealth.mediaRegion", .text, "us-east-1", "Region of a meeting's media; must be among --media-regions"),
        Setting("telehealth.mediaRegions", .list, "us-east-1", "Media Regions that are allowed, separated by commas"),
        Setting("telehealth.echoReduction", .boolean, "true", "Use Chime's echo reduction"),
        Setting(
            "telehealth.videoResolution", .choice(["None", "HD", "FHD"]), "HD", "Highest video resolution of a meeting"),
        Setting(
            "telehealth.contentResolution", .choice(["None", "FHD", "UHD"]), "FHD",
            "Highest resolution of shared screens in a meeting; None: no screen can be shared"),
        Setting(
            "telehealth.attendeesMax", .integer(2...250), "8",
            "Attendees of one meeting; one of them is left free for a recording"),
        Setting(
            "telehealth.chimeCallsPerSecond", .integer(1...10_000), "8",
            "Calls per second to each Chime operation; keep it below the account's quota, which is 10 at first"),
        Setting(
            "telehealth.caFile", .text, "",
            "PEM file with the authorities trusted for outgoing https; empty: the system's"),
    ]

    private static let visits: [Setting] = [
        Setting(
            "telehealth.admission", .choice(["ON_CLINICIAN_JOIN", "MANUAL"]), "ON_CLINICIAN_JOIN",
            "How clients are admitted when CreateSession does not say: once the clinician joins, or each by AdmitParticipant"),
        Setting(
            "telehealth.earlyJoin", .duration("0s", "24h"), "15m",
            "How early before the scheduled start participants may join"),
        Setting(
            "telehealth.earlyJoinStaff", .duration("0s", "24h"), "30m",
            "How early before the scheduled start staff may join"),
        Setting(
            "telehealth.lateJoin", .duration("0s", "12h"), "0s",
            "How late after the scheduled end participants may join for the first time"),
        Setting(
            "telehealth.noShowGrace", .duration("1m", "12h"), "15m",
            "Grace period before an absent client is marked NO_SHOW, counted from the scheduled start"),
        Setting(
            "telehealth.manualNoShowAfter", .duration("0s", "12h"), "0s",
            "Time after the scheduled start from which staff may mark a no-show themselves"),
        Setting(
            "telehealth.clientCancelCutoff", .duration("0s", "30d"), "0s",
            "How long before the scheduled start a client may last cancel; staff may cancel later"),
        Setting(
            "telehealth.rejoinGrace", .duration("0s", "24h"), "10m",
            "How long after leaving a participant may return without being admitted again"),
        Setting(
            "telehealth.abandonGrace", .duration("1s", "24h"), "10m",
            "How long a visit may be empty before it is ended"),
        Setting(
            "telehealth.overrunCap", .duration("0s", "12h"), "60m", "How long past its scheduled end a visit may run"),
        Setting(
            "telehealth.heartbeatInterval", .duration("1s", "5m"), "15s",
            "Heartbeat interval for participants without an open watch"),
        Setting(
            "telehealth.presenceLostAfter", .duration("2s", "1h"), "45s",
            "Time without a sign of life after which a participant is gone; longer than --heartbeat-interval"),
        Setting(
            "telehealth.watchHeartbeatInterval", .duration("1s", "5m"), "15s",
            "Interval of the heartbeats that a quiet watch receives"),
        Setting(
            "telehealth.watchedVisitsMax", .integer(1...100_000), "20000",
            "Visits that one WatchSessions stream may begin with"),
        Setting(
            "telehealth.invitationValidity", .duration("1m", "7d"), "30m",
            "How long a guest's grant is valid when the invitation does not say"),
        Setting(
            "telehealth.locationStates", .list, "",
            "US states that a client may be in, separated by commas (GA,FL); empty: any"),
        Setting(
            "telehealth.requirePrivatePlace", .boolean, "false", "Refuse clients who say that they are not in private"),
        Setting(
            "telehealth.requireReliableConnection", .boolean, "false",
            "Refuse clients whose connection check failed"),
    ]

    private static let consents: [Setting] = [
        Setting(
            "telehealth.homePlace", .text, "US-GA",
            "Place whose policy applies while the client's place is not known"),
        Setting(
            "telehealth.policyDir", .text, "",
            "Folder with further policy files (*.json), one place each; they replace built-in ones of the same place; empty: only the built-in ones"),
        Setting(
            "telehealth.joinConsents", .list, "",
            "Consent types that a client needs to join, separated by commas; none: no consent; empty: what the place asks"
                + " for"),
        Setting(
            "telehealth.consentOnBehalf", .boolean, "false",
            "Accept a person's electronic consent from a service that acts for them (a token with the claim act)"),
        Setting(
            "telehealth.recordingMethods", .list, "ELECTRONIC,PAPER",
            "Methods of recording consent that are accepted, separated by commas, as far as the place accepts them"),
        Setting(
            "telehealth.consentLifetime", .duration("1d", "36500d"), "365d",
            "Longest validity of a consent; a place may set a shorter one"),
        Setting(
            "telehealth.lateJoiner", .choice(["refuse", "stopRecording"]), "refuse",
            "Action when someone without recording consent joins during a recording"),
        Setting(
            "telehealth.thirdPartyWithoutConsent", .choice(["wait", "remove"]), "wait",
            "Action when the client's consent to a third party in the visit ends: to the waiting room, or removed"),
        Setting(
            "telehealth.receiptKeyFile", .text, "",
            "File with the key that signs receipts, created at the first start (mode 0600); empty:"
                + " DATA_DIR.audit/receipts.key"),
        Setting("telehealth.playbackValidity", .duration("1s", "5m"), "5m", "How long a playback URL works"),
        Setting(
            "telehealth.playbackAfterRevocation", .choice(["refuse", "treatment"]), "refuse",
            "Whether a recording is played after a consent that it relied on was revoked: never, or for treatment"),
        Setting(
            "telehealth.playbackUnderHold", .choice(["refuse", "admin", "allow"]), "refuse",
            "Who may play a recording under legal hold: nobody, the role admin, or everyone who may play it without"),
        Setting(
            "telehealth.recordingRetention", .duration("0s", "36500d"), "3650d",
            "How long a recording is kept after its stop; 0s: until its end is set by SetRecordingRetention"),
    ]

    private static let workers: [Setting] = [
        Setting(
            "telehealth.webhooksFile", .text, "",
            "JSON file with the systems that are notified of events by HTTPS; empty: none"),
        Setting(
            "telehealth.webhooksOnLoopback", .boolean, "false",
            "Let webhooks go to this machine, also without TLS; for tests"),
        Setting(
            "telehealth.sweepInterval", .duration("100ms", "1m"), "5s", "How often the service looks for overdue visits"),
        Setting(
            "telehealth.captureWatch", .duration("1s", "1h"), "30s",
            "How often a running capture is checked, to detect capture failures for which no event arrived"),
        Setting(
            "telehealth.clientReportInterval", .duration("1s", "1h"), "5s",
            "Shortest interval between two quality reports of one participant"),
        Setting(
            "telehealth.effectAttempts", .integer(1...100_000), "250",
            "Attempts after which a call to Chime or S3 is given up and waits for an operator"),
        Setting(
            "telehealth.concatenationPoll", .duration("100ms", "1h"), "5s",
            "How often the service asks for an unfinished recording file"),
    ]

    private static let audit: [Setting] = [
        Setting(
            "telehealth.auditReads", .boolean, "true",
            "Write every read to the audit log before it is answered; false only to measure what that costs"),
        Setting(
            "telehealth.auditKeyFile", .text, "",
            "File with the key that chains the audit log, created at the first start (mode 0600); empty:"
                + " DATA_DIR.audit/chain.key"),
        Setting(
            "telehealth.auditHeadKeyFile", .text, "",
            "File with the key that signs the log's heads, created at the first start (mode 0600); empty:"
                + " DATA_DIR.audit/heads.key"),
        Setting(
            "telehealth.auditHeadsDirectory", .text, "",
            "Folder for the signed heads, best on another machine's disk; empty: DATA_DIR.audit/heads"),
        Setting(
            "telehealth.auditHeadInterval", .duration("1s", "24h"), "5m",
            "Longest time between a row in the audit log and the next signed head"),
        Setting(
            "telehealth.auditHeadRows", .integer(1...10_000_000), "10000",
            "Rows after which a head is signed sooner"),
    ]
}
