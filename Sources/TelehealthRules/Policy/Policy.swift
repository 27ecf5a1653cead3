public import TelehealthModel

/// Every timer and rule of a visit that a clinic may set. The defaults are the service's, not legal advice.
///
/// All durations are non-negative; ``Policy/violations`` says what is wrong with a configured value.
public struct Policy: Sendable, Hashable {
    /// What to do with somebody who may come in but has no recording consent while a capture runs.
    public enum LateJoiner: String, Sendable, Hashable, CaseIterable {
        /// Not let in; the reason names the missing consents.
        case refuse
        /// Held in the waiting room until the capture has stopped, then let in.
        case stopRecording
    }

    /// What becomes of somebody who is in a visit when the consent to their being there is no more.
    public enum ThirdPartyWithoutConsent: String, Sendable, Hashable, CaseIterable {
        /// Back into the waiting room, from where a new consent lets them in again.
        case wait
        /// Off the visit, until somebody lets them in by name.
        case remove
    }

    public enum PlaybackAfterRevocation: String, Sendable, Hashable, CaseIterable {
        case refuse, treatment
    }

    public enum PlaybackUnderHold: String, Sendable, Hashable, CaseIterable {
        case refuse, admin, allow
    }

    // Time windows of a visit
    /// From how long before the start one may join.
    public var earlyJoin: Duration = .seconds(15 * 60)
    /// The same for the clinic's side, who prepare.
    public var earlyJoinStaff: Duration = .seconds(30 * 60)
    /// Until how long after the end one may join for the first time.
    public var lateJoin: Duration = .zero
    /// After how much of the visit a client who never came counts as absent, the clinician being there.
    public var noShowGrace: Duration = .seconds(15 * 60)
    /// From when on a person may mark a no-show, counted from the start.
    public var manualNoShowAfter: Duration = .zero
    /// How long before the start a client may still cancel.
    public var clientCancelCutoff: Duration = .zero
    /// For how long after leaving one comes back without a new admission.
    public var rejoinGrace: Duration = .seconds(10 * 60)
    /// After how long without anybody a started visit is over.
    public var abandonGrace: Duration = .seconds(10 * 60)
    /// How far past its end a visit may run.
    public var overrunCap: Duration = .seconds(60 * 60)
    /// How long any visit may run: at most ``longestVisit``.
    public var visitMax: Duration = Policy.longestVisit
    /// The longest visit that can be planned, also when it is made longer while it runs: more than half a day is a
    /// mistake of the feed.
    public static let longestVisit: Duration = .seconds(12 * 60 * 60)
    public var admission: AdmissionPolicy = .onClinicianJoin

    // Presence
    /// How often a client without an open watch should send a heartbeat.
    public var heartbeatInterval: Duration = .seconds(15)
    /// After how long without a sign of life a person counts as gone.
    public var presenceLostAfter: Duration = .seconds(45)

    // People
    /// Places on a roster, open invitations counted: below Chime's attendees of a meeting, because a capture
    /// takes one of those.
    public var rosterMax = 7
    /// How long a grant is good for when the invitation does not say.
    public var invitationValidity: Duration = .seconds(30 * 60)
    /// How long it may be good for at most.
    public var invitationValidityMax: Duration = .seconds(7 * 24 * 60 * 60)

    // The pre-visit check
    /// Two-letter codes a client may be in; empty = any.
    public var allowedLocationStates: Set<String> = []
    public var requiresPrivatePlace = false
    public var requiresReliableConnection = false

    // Consent
    /// What each place asks for.
    public var places = JurisdictionPolicies.builtIn
    /// What a client must have granted before joining, instead of what the place asks for; nil = as the place
    /// says, empty = nothing.
    public var joinConsents: [ConsentType]?
    /// Of the ways of granting that the place accepts for a recording, those that this clinic accepts; nil =
    /// all. Verbal never does, also when listed here.
    public var recordingConsentMethods: Set<ConsentMethod>?
    /// For how long a consent holds at most, and the longest a signer may choose; a place may ask for less.
    public var consentLifetime: Duration = .seconds(365 * 24 * 60 * 60)
    /// Whether a service acting for a person (a token with `act`) may give that person's electronic consent.
    public var acceptsElectronicConsentOnBehalf = false
    public var lateJoiner: LateJoiner = .refuse
    public var thirdPartyWithoutConsent: ThirdPartyWithoutConsent = .wait

    // Media
    public var mediaRegion = "us-east-1"
    public var allowedMediaRegions: Set<String> = ["us-east-1"]
    /// Base of the join URLs, without a slash at its end.
    public var frontEndBaseURL = "http://localhost:3000"
    /// First part of every recording's S3 prefix, without slashes at its ends.
    public var recordingPrefix = "recordings"
    /// Validity of a playback URL, at most 5 minutes.
    public var playbackValidity: Duration = .seconds(5 * 60)
    /// For how long a recording is kept after its stop; nil = until somebody sets its end.
    public var recordingRetention: Duration? = .seconds(3650 * 24 * 60 * 60)
    /// Whether a recording is played for treatment after a consent it stood on was revoked; for every other
    /// purpose it never is.
    public var playbackAfterRevocation: PlaybackAfterRevocation = .refuse
    /// Who may play a recording under legal hold.
    public var playbackUnderHold: PlaybackUnderHold = .refuse
    /// How long a fresh meeting is taken as alive without asking: below Chime's 5 minutes without audio.
    public var meetingTrustedFor: Duration = .seconds(4 * 60)

    // Commands
    /// How long the outcome of a changing call answers its repetition.
    public var requestRetention: Duration = .seconds(24 * 60 * 60)
    /// For how long a cancellation is kept that came before its appointment: longer than any feed is late.
    public var earlyCancellationRetention: Duration = .seconds(90 * 24 * 60 * 60)
    /// How often a rule is asked again after somebody else's commit came between.
    public var conflictRetriesMax = 12
    /// How long a join waits for its meeting when the call has no earlier deadline.
    public var joinWaitMax: Duration = .seconds(25)

    // Evidence
    /// Whether reads are recorded in the audit log; changes, denials and exports always are.
    public var auditsReads = true

    // Watching
    /// Events a slow watcher may be behind.
    public var watchQueueMax = 256
    public var watchHeartbeatInterval: Duration = .seconds(15)
    /// Visits that one stream watches at its begin.
    public var watchedVisitsMax = 20_000
    /// For how long the events of an ended session are kept.
    public let eventRetention: Duration = .seconds(7 * 24 * 60 * 60)
    /// How old the place in the feed may be behind which a watch of many visits resumes: well within the time that
    /// departures are kept, however the clock is set meanwhile.
    package var sessionsWatchTokenLife: Duration { eventRetention / 2 }

    // Work outside the database
    /// For how long an effect is kept after it is done; those given up stay.
    public let effectRetention: Duration = .seconds(7 * 24 * 60 * 60)
    /// The receivers of events by HTTPS.
    public var webhooks: [WebhookTarget] = []
    /// One call to Chime, with the client-side limiter's queue and the retries within.
    public var gatewayTimeout: Duration = .seconds(20)
    /// How long a claimed effect belongs to its worker: above ``gatewayTimeout`` with a commit on both sides.
    public var effectLease: Duration = .seconds(60)
    public let effectConcurrencyMax = 64
    /// After so many failures an effect is dead and needs an operator: about an hour of an unavailable Chime.
    public var effectAttemptsMax = 250
    public let backoffBase: Duration = .milliseconds(200)
    public let backoffCap: Duration = .seconds(30)
    /// The same where AWS refuses and nobody waits for the outcome in a visit: with the attempts an effect has, about
    /// ten hours in all.
    public let refusalBackoffCap: Duration = .seconds(300)
    public let capturePollInterval: Duration = .milliseconds(500)
    /// How long after a refusal a capture is asked for again: somebody waits, and its stop waits behind it.
    public let captureRetryInterval: Duration = .seconds(5)
    /// How long a started capture may take to run.
    public let captureConfirmMax: Duration = .seconds(120)
    /// How often a running capture is checked, for a failure for which no event arrived. All captures share a
    /// quota of 10 calls a second.
    public var captureWatchInterval: Duration = .seconds(30)
    /// How long Chime may take to confirm a stop before it is worth an alarm.
    public let captureStopMax: Duration = .seconds(60)
    public var concatenationPollInterval: Duration = .seconds(5)
    /// How long the playable file is looked for after the capture's stop before an operator has to look at it.
    public let concatenationMax: Duration = .seconds(24 * 60 * 60)
    public var sweepInterval: Duration = .seconds(5)
    public let pruneInterval: Duration = .seconds(10 * 60)

    // Quality of service
    /// A client's reports may not come faster than this.
    public var clientReportInterval: Duration = .seconds(5)
    /// A person's connection class changes in the watch stream at most this often.
    public let qualityEventInterval: Duration = .seconds(10)

    public init() {}

    /// Sentences about settings that contradict each other; empty = usable.
    public var violations: [String] {
        var found: [String] = []
        if !allowedMediaRegions.contains(mediaRegion) {
            found.append("mediaRegion is not in allowedMediaRegions")
        }
        if playbackValidity > .seconds(5 * 60) || playbackValidity <= .zero {
            found.append("playbackValidity must be above 0 and at most 5 minutes")
        }
        if effectLease <= gatewayTimeout { found.append("effectLease must be longer than gatewayTimeout") }
        if presenceLostAfter <= heartbeatInterval {
            found.append("presenceLostAfter must be longer than heartbeatInterval")
        }
        if watchHeartbeatInterval < .seconds(1) {
            found.append("watchHeartbeatInterval must be at least 1 s")
        }
        if visitMax <= .zero || visitMax > Self.longestVisit {
            found.append("visitMax must be above 0 and at most 12 hours")
        }
        if meetingTrustedFor >= .seconds(5 * 60) { found.append("meetingTrustedFor must be below 5 minutes") }
        if watchedVisitsMax < 1 { found.append("watchedVisitsMax must be at least 1") }
        if watchQueueMax < 1 { found.append("watchQueueMax must be at least 1") }
        if conflictRetriesMax < 1 { found.append("conflictRetriesMax must be at least 1") }
        if effectConcurrencyMax < 1 { found.append("effectConcurrencyMax must be at least 1") }
        if effectAttemptsMax < 1 { found.append("effectAttemptsMax must be at least 1") }
        if rosterMax < 2 { found.append("rosterMax must be at least 2") }
        if invitationValidity <= .zero || invitationValidity > invitationValidityMax {
            found.append("invitationValidity must be above 0 and at most invitationValidityMax")
        }
        if captureWatchInterval < .seconds(1) { found.append("captureWatchInterval must be at least 1 s") }
        if let recordingRetention, recordingRetention <= .zero {
            found.append("recordingRetention must be above 0")
        }
        if clientReportInterval <= .zero { found.append("clientReportInterval must be above 0") }
        if consentLifetime <= .zero { found.append("consentLifetime must be above 0") }
        return found + places.violations
    }

    /// What a place asks for an action, as far as this clinic has not said otherwise.
    package func requirements(
        for action: ConsentAction, in place: JurisdictionPolicy
    ) -> [JurisdictionPolicy.Requirement] {
        let asked = place.requirements(for: action)
        switch action {
        case .join:
            guard let joinConsents else { return asked }
            return joinConsents.map { type in
                asked.first { $0.types.contains(type) } ?? JurisdictionPolicy.Requirement(joiningWith: type)
            }
        case .record:
            guard let recordingConsentMethods else { return asked }
            return asked.map { $0.accepting(recordingConsentMethods) }
        case .conduct, .thirdParty: return asked
        }
    }
}
