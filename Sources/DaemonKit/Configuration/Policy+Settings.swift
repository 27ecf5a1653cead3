internal import ChimeGateway
internal import TelehealthModel
internal import TelehealthRules

extension Policy {
    /// The clinic's rules as configured; values without a setting keep their defaults.
    init(_ reader: inout SettingReader) {
        self.init()
        admission = reader.text("telehealth.admission") == "MANUAL" ? .manual : .onClinicianJoin
        earlyJoin = reader.duration("telehealth.earlyJoin")
        earlyJoinStaff = reader.duration("telehealth.earlyJoinStaff")
        invitationValidity = reader.duration("telehealth.invitationValidity")
        lateJoin = reader.duration("telehealth.lateJoin")
        manualNoShowAfter = reader.duration("telehealth.manualNoShowAfter")
        clientCancelCutoff = reader.duration("telehealth.clientCancelCutoff")
        noShowGrace = reader.duration("telehealth.noShowGrace")
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
        places = JurisdictionPolicies(&reader)
        joinConsents = Self.joinConsents(&reader, places)
        recordingConsentMethods = Self.recordingMethods(&reader)
        acceptsElectronicConsentOnBehalf = reader.boolean("telehealth.consentOnBehalf")
        consentLifetime = reader.duration("telehealth.consentLifetime")
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
        recordingPrefix = Self.recordingPrefix(&reader)
        refuseContradictions(&reader)
    }

    /// Values that are right each by itself.
    private func refuseContradictions(_ reader: inout SettingReader) {
        if !allowedMediaRegions.contains(mediaRegion) {
            let allowed = allowedMediaRegions.sorted().joined(separator: ",")
            reader.refuse(
                "telehealth.mediaRegion",
                "'\(mediaRegion)' is not among --media-regions (\(allowed)): add it there, or choose one of them")
        }
        if presenceLostAfter <= heartbeatInterval {
            reader.refuse(
                "telehealth.presenceLostAfter",
                "must be longer than --heartbeat-interval, or every participant would be gone between two heartbeats")
        }
    }

    private static func recordingPrefix(_ reader: inout SettingReader) -> String {
        let key = "telehealth.recordingPrefix"
        let prefix = reader.text(key)
        if !ChimeConfiguration.isRecordingPrefix(prefix) {
            reader.refuse(
                key,
                "'\(prefix)' cannot begin the key of a recording: use 1 to \(ChimeConfiguration.recordingPrefixBytesMax)"
                    + " letters, digits, '-', '_' and '.', in parts separated by '/', none of them empty, '.' or '..'")
        }
        return prefix
    }

    /// nil = as the place says.
    private static func joinConsents(_ reader: inout SettingReader, _ places: JurisdictionPolicies) -> [ConsentType]? {
        let key = "telehealth.joinConsents"
        let words = reader.list(key)
        if words.isEmpty { return nil }
        if words == ["none"] { return [] }
        // Consents to recordings and third parties are asked for when those begin.
        let known = places.types.filter { $0 != .recording && $0 != .thirdPartyPresence }
        var types: [ConsentType] = []
        for word in words {
            let outdated = ConsentType(outdatedName: word)
            guard let type = known.first(where: { $0.id == word || $0 == outdated }) else {
                let ids = known.map(\.id).joined(separator: ", ")
                reader.refuse(key, "unknown consent type '\(word)': use none, or types out of \(ids)")
                continue
            }
            if outdated != nil {
                reader.advise(key, "write \(type.id) instead of \(word), which the next release will not accept")
            }
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
                    reader.refuse(
                        "telehealth.recordingMethods", "unknown method '\(word)': use ELECTRONIC, PAPER or both")
                }
                return methods[word]
            })
    }

    private static func frontEnd(_ reader: inout SettingReader) -> String {
        var url = reader.text("frontend.url")
        while url.hasSuffix("/") { url.removeLast() }
        if !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            reader.refuse(
                "frontend.url", "'\(url)' must be an http or https URL, such as https://visits.clinic.example")
        }
        return url
    }
}
