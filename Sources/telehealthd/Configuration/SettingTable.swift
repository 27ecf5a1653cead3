internal import Identity

/// Every setting of the daemon, in the order `--help` shows them.
enum SettingTable {
    static let all: [Setting] =
        service + connections + identity + access + allowances + cloud + visits + consents + workers + audit

    static func row(_ key: String) -> Setting? { all.first { $0.key == key } }

    private static let service: [Setting] = [
        Setting(
            "telehealth.dataDir", .text, "./data", "folder of the database, its lock and the development key"),
        Setting(
            "telehealth.listen", .list, "127.0.0.1:50051",
            "where to serve: HOST:PORT (port 0 picks one), unix:PATH (mode 0600) or unix:@NAME (abstract, open to every"
                + " account of the machine), several with commas; proxy: before one wants a PROXY header (version 2) of a"
                + " trusted proxy first"),
        Setting(
            "telehealth.tlsCertificate", .text, "",
            "PEM file of the certificate chain; then every HOST:PORT speaks TLS"),
        Setting("telehealth.tlsKey", .text, "", "PEM file of the certificate's key"),
        Setting(
            "telehealth.tlsClientAuthorities", .text, "",
            "PEM file of authorities that client certificates must come from"),
        Setting(
            "telehealth.monitoringListen", .text, "",
            "HOST:PORT of /metrics, /livez and /readyz over plain HTTP; empty for none"),
        Setting(
            "telehealth.backupDir", .text, "",
            "folder of the copies that BackupDatabase makes; empty for 'backups' in the data folder"),
        Setting(
            "telehealth.storeSpaceAlarm", .integer(0...90), "10",
            "percent of the data folder's device that must stay free, else an alarm is logged; 0 for no alarm"),
        Setting("telehealth.loops", .integer(0...256), "0", "event loops, each a thread; 0 for one per core"),
        Setting(
            "telehealth.reflection", .boolean, "true",
            "offer server reflection: to people at this machine, elsewhere to the role admin"),
        Setting(
            "telehealth.logLevel", .choice(["trace", "debug", "info", "notice", "warning", "error"]), "info",
            "least level that is logged"),
        Setting(
            "telehealth.shutdownGrace", .duration("0s", "1h"), "10s",
            "how long running calls may take to end after SIGTERM"),
        Setting("frontend.url", .text, "http://localhost:3000", "base of the join URLs"),
    ]

    private static let connections: [Setting] = [
        Setting(
            "telehealth.permittedPingInterval", .duration("1s", "2h"), "10s",
            "how close together a client's PINGs may come while it has a call open"),
        Setting(
            "telehealth.keepaliveTime", .duration("1s", "24h"), "2h",
            "after how much silence a client is asked by PING; one with an open watch is asked in time for"
                + " presence-lost-after"),
        Setting(
            "telehealth.keepaliveTimeout", .duration("1s", "10m"), "20s",
            "how long it may take to answer before it is cut off"),
        Setting(
            "telehealth.maxConnectionAge", .duration("0s", "30d"), "0s",
            "at what age, give or take a tenth, a connection is told to leave (GOAWAY): 10s or more, 0s for never"),
        Setting(
            "telehealth.maxConnectionAgeGrace", .duration("1s", "24h"), "5m",
            "how long its open calls may still take then"),
        Setting(
            "telehealth.maxConnectionIdle", .duration("0s", "30d"), "0s",
            "after how long without a call a connection is told to leave: 10s or more, 0s for never"),
        Setting(
            "telehealth.maxStreamsPerConnection", .integer(1...10_000), "128", "calls open at once on a connection"),
        Setting(
            "telehealth.maxRequestBytes", .integer(65_536...67_108_864), "4194304",
            "longest request message, unpacked, in bytes"),
    ]

    private static let identity: [Setting] = [
        Setting("telehealth.audience", .text, "telehealth", "this service's name in a token's aud"),
        Setting(
            "telehealth.issuer", .text, "",
            "iss of the tokens that are accepted; without a key set below, its keys are found by its own document"
                + " (/.well-known/openid-configuration)"),
        Setting("telehealth.jwksFile", .text, "", "file with the issuer's key set (RFC 7517)"),
        Setting("telehealth.jwksUrl", .text, "", "https URL of the issuer's key set"),
        Setting(
            "telehealth.jwksReload", .duration("10s", "24h"), "5m",
            "how often the key set is read anew, if the issuer does not ask for sooner"),
        Setting(
            "telehealth.roleClaim", .text, ClaimNames.standard.role,
            "claim of the issuer's tokens with the caller's role: its word, or a list that holds one role's word"),
        Setting(
            "telehealth.personClaim", .text, ClaimNames.standard.person,
            "claim with the id of a client or guardian in the clinic's records"),
        Setting(
            "telehealth.clinicianClaim", .text, ClaimNames.standard.clinician,
            "claim with the id of a staff member in the clinic's records"),
        Setting(
            "telehealth.developmentTokens", .boolean, "true",
            "accept tokens signed with the data folder's own key; only for people at this machine, without issuer and proxies"
        ),
        Setting(
            "telehealth.guestKeyFile", .text, "",
            "file of the key that signs guests' grants; made at the first run; empty for guest-key in the data folder"
        ),
    ]

    private static let access: [Setting] = [
        Setting(
            "telehealth.keyRingFile", .text, "",
            "key ring of the sealed columns, outside the data folder; empty for the data folder's name with .keys behind it"
        ),
        Setting(
            "telehealth.tlsClientCertificates", .choice(["required", "optional"]), "required",
            "whether everybody needs a certificate of the client authorities, or only who comes without a token"),
        Setting(
            "telehealth.serviceCertificates", .list, "",
            "services that come by certificate: dns:NAME=SUBJECT or uri:URI=SUBJECT, with :scheduler behind it for that role"
        ),
        Setting(
            "telehealth.rateLimits", .list,
            "client=50/200,clinician=100/400,admin=100/400,scheduler=500/2000,service=2000/4000,refused=50/500,open=200/1000",
            "calls a second and at once: of each identity by role, of an address whose tokens and grants are refused, of an address without a token; 'none' for none"
        ),
        Setting(
            "telehealth.trustedProxies", .list, "",
            "addresses, blocks of them (10.0.0.0/8) or 'unix' whose x-forwarded-for and PROXY headers are believed"),
        Setting(
            "telehealth.connectionsMax", .integer(16...1_000_000), "16384",
            "connections at a time; beyond, the oldest that made no call gives way"),
        Setting(
            "telehealth.connectionsPerAddress", .integer(1...1_000_000), "1024",
            "the same for one address, an IPv6 /64 counting as one"),
        Setting("telehealth.handshakesMax", .integer(1...100_000), "512", "TLS handshakes at a time"),
        Setting(
            "telehealth.handshakesPerAddress", .integer(1...100_000), "64", "the same for one address"),
        Setting(
            "telehealth.helloTimeout", .duration("100ms", "1m"), "5s",
            "how long a connection may take to say its ClientHello"),
        Setting(
            "telehealth.handshakeTimeout", .duration("100ms", "10m"), "20s",
            "how long a connection may take to be one: TLS, and the client's SETTINGS"),
        Setting(
            "telehealth.emergencyAccess", .duration("0s", "24h"), "15m",
            "how long a watch opened in an emergency lasts; 0s for no emergency access"),
    ]

    /// What nobody should do by mistake where others can reach the service: each is asked for by its own name.
    private static let allowances: [Setting] = [
        Setting(
            "telehealth.allowUnauditedReads", .boolean, "false",
            "let --audit-reads false count where others can reach the service, by a proxy or themselves"),
        Setting(
            "telehealth.allowUnlimitedCalls", .boolean, "false",
            "let a role, or an address whose calls are refused or come without a token, go without a rate limit there"),
        Setting(
            "telehealth.allowShortRetention", .boolean, "false",
            "let recordings be deleted less than a day after their stop there"),
        Setting(
            "telehealth.allowOpenMonitoring", .boolean, "false",
            "let other machines read /metrics, /livez and /readyz, which ask nobody who they are"),
    ]

    private static let cloud: [Setting] = [
        Setting("aws.region", .text, "us-east-1", "control region of Chime and region of the bucket"),
        Setting(
            "aws.accountId", .text, "",
            "read as the earlier system had it; not needed, Chime names its meetings by ARN"),
        Setting("aws.s3.recordingsBucket", .text, "", "bucket of the recordings; empty refuses recording"),
        Setting("aws.s3.recordingsBucketRegion", .text, "", "region of that bucket; empty for --aws-region"),
        Setting("telehealth.recordingPrefix", .text, "recordings", "folder of the bucket that holds the recordings"),
        Setting(
            "telehealth.recordingKmsKey", .text, "",
            "KMS key (ARN, id or alias) that Chime encrypts recordings with; empty for the bucket's own encryption"),
        Setting(
            "telehealth.recordingSinkRole", .text, "",
            "ARN of the IAM role by which Chime may use that key; needed with it"),
        Setting(
            "aws.endpointUrl", .text, "",
            "one endpoint for Chime and S3, as the AWS tools know it (plain http on loopback only)"),
        Setting("aws.endpointUrlChimeSdkMeetings", .text, "", "endpoint of Chime SDK meetings"),
        Setting("aws.endpointUrlChimeSdkMediaPipelines", .text, "", "endpoint of Chime SDK media pipelines"),
        Setting("aws.endpointUrlS3", .text, "", "endpoint of S3"),
        Setting("aws.endpointUrlSqs", .text, "", "endpoint of SQS"),
        Setting(
            "telehealth.eventsQueueUrl", .text, "",
            "SQS queue with Chime's events from EventBridge; empty reads none"),
        Setting(
            "telehealth.cloudfrontUrl", .text, "",
            "CloudFront distribution before the bucket: playback URLs are signed for it instead of for S3"),
        Setting("telehealth.cloudfrontKeyPairId", .text, "", "id of the distribution's public key"),
        Setting("telehealth.cloudfrontKeyFile", .text, "", "PEM file of its RSA private key"),
        Setting(
            "telehealth.cloudfrontPolicy", .choice(["CANNED", "CUSTOM"]), "CANNED",
            "form of the signed policy: the end alone, or a begin and an end carried along"),
        Setting("telehealth.mediaRegion", .text, "us-east-1", "where meetings carry their media"),
        Setting("telehealth.mediaRegions", .list, "us-east-1", "media regions that are allowed"),
        Setting("telehealth.echoReduction", .boolean, "true", "Chime's echo reduction"),
        Setting(
            "telehealth.videoResolution", .choice(["None", "HD", "FHD"]), "HD",
            "highest video resolution of a meeting"),
        Setting("telehealth.attendeesMax", .integer(2...250), "8", "attendees of a meeting"),
        Setting(
            "telehealth.chimeCallsPerSecond", .integer(1...10_000), "8",
            "calls to each Chime operation; below the account's quota of 10"),
        Setting(
            "telehealth.caFile", .text, "",
            "PEM file of authorities for outgoing https; empty for the system's"),
    ]

    private static let visits: [Setting] = [
        Setting(
            "telehealth.admission", .choice(["ON_CLINICIAN_JOIN", "MANUAL"]), "ON_CLINICIAN_JOIN",
            "how clients get in when CreateSession does not say"),
        Setting("telehealth.earlyJoin", .duration("0s", "24h"), "15m", "from how long before the start one may join"),
        Setting("telehealth.earlyJoinStaff", .duration("0s", "24h"), "30m", "the same for the clinic's side"),
        Setting("telehealth.lateJoin", .duration("0s", "12h"), "0s", "until how long after the end one may join first"),
        Setting(
            "telehealth.noShowGrace", .duration("1m", "12h"), "15m",
            "after how much of the visit an absent client is a no-show"),
        Setting(
            "telehealth.manualNoShowAfter", .duration("0s", "12h"), "0s",
            "how long after the planned start somebody may mark a no-show by hand"),
        Setting(
            "telehealth.clientCancelCutoff", .duration("0s", "30d"), "0s",
            "how long before the planned start the client's side may last cancel"),
        Setting(
            "telehealth.rejoinGrace", .duration("0s", "24h"), "10m",
            "how long after leaving one comes back without a new admission"),
        Setting(
            "telehealth.abandonGrace", .duration("1s", "24h"), "10m", "after how long without anybody a visit is over"),
        Setting("telehealth.overrunCap", .duration("0s", "12h"), "60m", "how far past its end a visit may run"),
        Setting(
            "telehealth.heartbeatInterval", .duration("1s", "5m"), "15s",
            "how often one without a watch says that one is there"),
        Setting(
            "telehealth.presenceLostAfter", .duration("2s", "1h"), "45s", "after how long without a sign a person is gone"
        ),
        Setting(
            "telehealth.watchHeartbeatInterval", .duration("1s", "5m"), "15s",
            "how often a quiet watch is told that it lives"),
        Setting(
            "telehealth.watchedVisitsMax", .integer(1...100_000), "20000",
            "visits that one WatchSessions stream begins with"),
        Setting(
            "telehealth.invitationValidity", .duration("1m", "7d"), "30m",
            "how long a guest's grant is good for when the invitation does not say"),
        Setting("telehealth.locationStates", .list, "", "states a client may be in (GA,FL); empty for any"),
        Setting("telehealth.requirePrivatePlace", .boolean, "false", "refuse a client who is not in private"),
        Setting(
            "telehealth.requireReliableConnection", .boolean, "false",
            "refuse a client whose device check failed"),
    ]

    private static let consents: [Setting] = [
        Setting(
            "telehealth.homePlace", .text, "US-GA",
            "place whose policy counts while the client's is not known"),
        Setting(
            "telehealth.policyDir", .text, "",
            "folder of further policy files (*.json), one place each; replaces those of the same place"),
        Setting(
            "telehealth.joinConsents", .list, "",
            "types of consents a client must have given to join instead of the place's; 'none' for none"),
        Setting(
            "telehealth.recordingMethods", .list, "ELECTRONIC,PAPER",
            "of the ways that the place accepts for a recording consent, those accepted here"),
        Setting(
            "telehealth.consentLifetime", .duration("1d", "36500d"), "365d",
            "how long a consent holds at most; a place may say less"),
        Setting(
            "telehealth.electronicConsentOnBehalf", .boolean, "false",
            "accept an electronic consent that a service sends for the person who signs it"),
        Setting(
            "telehealth.lateJoiner", .choice(["refuse", "stopRecording"]), "refuse",
            "somebody without recording consent comes while a capture runs"),
        Setting(
            "telehealth.thirdPartyWithoutConsent", .choice(["wait", "remove"]), "wait",
            "what becomes of a third party in a visit when the client's consent to them ends"),
        Setting(
            "telehealth.receiptKeyFile", .text, "",
            "key that signs receipts, made at the first run (mode 0600); empty for DATA_DIR.audit/receipts.key"),
        Setting(
            "telehealth.playbackValidity", .duration("1s", "5m"), "5m", "how long a playback URL works; 5 minutes at most"
        ),
        Setting(
            "telehealth.playbackAfterRevocation", .choice(["refuse", "treatment"]), "refuse",
            "play a recording after a consent it stood on was revoked: never, or for treatment"),
        Setting(
            "telehealth.playbackUnderHold", .choice(["refuse", "admin", "allow"]), "refuse",
            "who may play a recording under legal hold"),
        Setting(
            "telehealth.recordingRetention", .duration("0s", "36500d"), "3650d",
            "how long a recording is kept after its stop; 0s keeps it until somebody sets its end"),
    ]

    private static let workers: [Setting] = [
        Setting(
            "telehealth.webhooksFile", .text, "",
            "JSON file of the systems that are told of events by HTTPS; empty for none"),
        Setting(
            "telehealth.webhooksOnLoopback", .boolean, "false",
            "let webhooks go to this machine, also without TLS: for tests"),
        Setting("telehealth.sweepInterval", .duration("100ms", "1m"), "5s", "how often overdue visits are looked for"),
        Setting(
            "telehealth.captureWatch", .duration("1s", "1h"), "30s",
            "how often a running capture is looked at, for a death that no event told of"),
        Setting(
            "telehealth.clientReportInterval", .duration("1s", "1h"), "5s", "least time between two reports of a client"),
        Setting(
            "telehealth.effectAttempts", .integer(1...100_000), "250",
            "attempts after which a call to Chime or S3 is given up and waits for an operator"),
        Setting(
            "telehealth.concatenationPoll", .duration("100ms", "1h"), "5s", "how often an unfinished recording is asked for"),
    ]

    private static let audit: [Setting] = [
        Setting(
            "telehealth.auditReads", .boolean, "true",
            "keep every read in the audit log before it is answered; false only to measure what that costs"),
        Setting(
            "telehealth.auditKeyFile", .text, "",
            "key the audit log is chained with, made at the first run (mode 0600); empty for DATA_DIR.audit/chain.key"
        ),
        Setting(
            "telehealth.auditHeadKeyFile", .text, "",
            "key that signs the log's heads, made at the first run (mode 0600); empty for DATA_DIR.audit/heads.key"
        ),
        Setting(
            "telehealth.auditHeadsDirectory", .text, "",
            "where signed heads are written, best on another machine's disk; empty for DATA_DIR.audit/heads"),
        Setting("telehealth.auditHeadInterval", .duration("1s", "24h"), "5m", "how often a changed log's head is signed"),
        Setting(
            "telehealth.auditHeadRows", .integer(1...10_000_000), "10000",
            "after how many rows the head is signed sooner"),
    ]
}
