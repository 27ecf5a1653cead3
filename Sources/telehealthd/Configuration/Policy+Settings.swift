internal import TelehealthModel
internal import TelehealthRules

extension Policy {
    /// The clinic's rules as configured; what has no setting keeps its default.
    init(_ reader: inout SettingReader) {
        self.init()
        admission = reader.text("telehealth.admission") == "MANUAL" ? .manual : .onClinicianJoin
        earlyJoin = reader.duration("telehealth.earlyJoin")
        earlyJoinStaff = reader.duration("telehealth.earlyJoinStaff")
        invitationValidity = reader.duration("telehealth.invitationValidity")
        lateJoin = reader.duration("telehealth.lateJoin")
        noShowGrace = reader.duration("telehealth.noShowGrace")
        manualNoShowAfter = reader.duration("telehealth.manualNoShowAfter")
        clientCancelCutoff = reader.duration("telehealth.clientCancelCutoff")
        rejoinGrace = reader.duration("telehealth.rejoinGrace")
        abandonGrace = reader.duration("telehealth.abandonGrace")
        overrunCap = reader.duration("telehealth.overrunCap")
        heartbeatInterval = reader.duration("telehealth.heartbeatInterval")
        presenceLostAfter = reader.duration("telehealth.presenceLostAfter")
        watchHeartbeatInterval = reader.duration("telehealth.watchHeartbeatInterval")
        watchedVisitsMax = reader.integer("telehealth.watchedVisitsMax")
        allowedLocationStates = Set(reader.list("telehealth.locationStates"))
        requiresPrivatePlace = reader.boolean("telehealth.requirePrivatePlace")
        requiresReliableConnection = reader.boolean("telehealth.requireReliableConnection")
        places = PlaceBook(&reader)
        joinConsents = Self.joinConsents(&reader, places)
        recordingConsentMethods = Self.recordingMethods(&reader)
        consentLifetime = reader.duration("telehealth.consentLifetime")
        acceptsElectronicConsentOnBehalf = reader.boolean("telehealth.electronicConsentOnBehalf")
        recordingPrefix = Self.recordingPrefix(&reader)
        lateJoiner = reader.text("telehealth.lateJoiner") == "stopRecording" ? .stopRecording : .refuse
        thirdPartyWithoutConsent =
            .init(rawValue: reader.text("telehealth.thirdPartyWithoutConsent")) ?? .wait
        playbackValidity = reader.duration("telehealth.playbackValidity")
        playbackAfterRevocation =
            .init(rawValue: reader.text("telehealth.playbackAfterRevocation")) ?? .refuse
        playbackUnderHold = .init(rawValue: reader.text("telehealth.playbackUnderHold")) ?? .refuse
        let retention = reader.duration("telehealth.recordingRetention")
        recordingRetention = retention == .zero ? nil : retention
        captureWatchInterval = reader.duration("telehealth.captureWatch")
        clientReportInterval = reader.duration("telehealth.clientReportInterval")
        auditsReads = reader.boolean("telehealth.auditReads")
        sweepInterval = reader.duration("telehealth.sweepInterval")
        concatenationPollInterval = reader.duration("telehealth.concatenationPoll")
        effectAttemptsMax = reader.integer("telehealth.effectAttempts")
        mediaRegion = reader.text("telehealth.mediaRegion")
        allowedMediaRegions = Set(reader.list("telehealth.mediaRegions"))
        frontEndBaseURL = Self.frontEnd(&reader)
    }

    /// nil = as the place says.
    private static func joinConsents(_ reader: inout SettingReader, _ places: PlaceBook) -> [ConsentType]? {
        let key = "telehealth.joinConsents"
        let words = reader.list(key)
        if words.isEmpty { return nil }
        if words == ["none"] { return [] }
        // What recordings and third parties stand on is asked for when they come.
        let known = places.types.filter { $0 != .recording && $0 != .thirdPartyPresence }
        var types: [ConsentType] = []
        for word in words {
            let outdated = ConsentType(outdatedName: word)
            guard let type = known.first(where: { $0.id == word || $0 == outdated }) else {
                let ids = known.map(\.id).joined(separator: ", ")
                reader.refuse(key, "'\(word)' is none of \(ids), none")
                continue
            }
            if outdated != nil { reader.advise(key, "write \(type.id) for \(word): the next release will not know it") }
            types.append(type)
        }
        return types
    }

    private static func recordingMethods(_ reader: inout SettingReader) -> Set<ConsentMethod> {
        let words = reader.list("telehealth.recordingMethods")
        let methods: [String: ConsentMethod] = ["ELECTRONIC": .electronic, "PAPER": .paper]
        return Set(
            words.compactMap { word in
                if methods[word] == nil {
                    reader.refuse("telehealth.recordingMethods", "'\(word)' is none of ELECTRONIC, PAPER")
                }
                return methods[word]
            })
    }

    /// What S3 calls safe in keys, in folders that are not empty.
    private static func recordingPrefix(_ reader: inout SettingReader) -> String {
        let prefix = reader.text("telehealth.recordingPrefix")
        let folders = prefix.split(separator: "/", omittingEmptySubsequences: false)
        let isSafe = prefix.utf8.allSatisfy { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                || "/-_.".utf8.contains(byte)
        }
        if !isSafe || prefix.utf8.count > 128 || folders.contains(where: { ["", ".", ".."].contains($0) }) {
            reader.refuse(
                "telehealth.recordingPrefix",
                "must be folders of letters, digits, '-', '_' and '.', such as clinic/recordings, 128 characters at most")
        }
        return prefix
    }

    private static func frontEnd(_ reader: inout SettingReader) -> String {
        var url = reader.text("frontend.url")
        while url.hasSuffix("/") { url.removeLast() }
        if !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            reader.refuse("frontend.url", "must be an http or https URL")
        }
        return url
    }
}
