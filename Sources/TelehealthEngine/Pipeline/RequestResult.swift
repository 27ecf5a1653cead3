internal import TelehealthModel
internal import TelehealthRules

/// What a changing request made, as its ``RequestRecord`` keeps it: a repetition reads it back and answers with it.
///
/// Stored texts outlive the program that wrote them, so none may change its form.
protocol RequestResult: Sendable {
    /// nil = the request made nothing.
    var storedText: String? { get }

    /// - Returns: nil for a text that no such request leaves.
    init?(storedText: String?)
}

extension RequestResult where Self: Identifier {
    var storedText: String? { rawValue }

    init?(storedText: String?) {
        guard let storedText, Self.isValid(storedText) else { return nil }
        self.init(rawValue: storedText)
    }
}

extension ParticipantID: RequestResult {}
extension InvitationID: RequestResult {}
extension RecordingID: RequestResult {}
extension ScreenShareID: RequestResult {}
extension ConsentID: RequestResult {}
extension AppointmentID: RequestResult {}

/// Of requests that make something only in some cases.
extension Optional: RequestResult where Wrapped: RequestResult {
    var storedText: String? { flatMap(\.storedText) }

    init?(storedText: String?) {
        guard storedText != nil else {
            self = .none
            return
        }
        guard let wrapped = Wrapped(storedText: storedText) else { return nil }
        self = .some(wrapped)
    }
}

/// Of requests that only change what is there.
struct NothingMade: RequestResult {
    var storedText: String? { nil }
    init() {}
    init?(storedText: String?) {}
}

/// A revoked consent and the captures that stopped with it.
struct RevocationResult: RequestResult {
    let consent: ConsentID
    let stoppedRecordings: [RecordingID]

    init(consent: ConsentID, stoppedRecordings: [RecordingID]) {
        self.consent = consent
        self.stoppedRecordings = stoppedRecordings
    }

    /// The ids, the consent's first; no id can hold a comma.
    var storedText: String? {
        ([consent.rawValue] + stoppedRecordings.map(\.rawValue)).joined(separator: ",")
    }

    init?(storedText: String?) {
        guard let ids = storedText?.split(separator: ",", omittingEmptySubsequences: false).map(String.init),
            let consent = ConsentID(storedText: ids[0])
        else { return nil }
        var recordings: [RecordingID] = []
        for text in ids.dropFirst() {
            guard let id = RecordingID(storedText: text) else { return nil }
            recordings.append(id)
        }
        self.init(consent: consent, stoppedRecordings: recordings)
    }
}

/// The name of a finished backup, in the folder for backups.
struct BackupName: RequestResult {
    let text: String
    init(_ text: String) { self.text = text }
    var storedText: String? { text }
    init?(storedText: String?) {
        guard let storedText, !storedText.isEmpty else { return nil }
        text = storedText
    }
}
