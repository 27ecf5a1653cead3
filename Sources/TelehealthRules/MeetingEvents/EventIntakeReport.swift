/// What became of a batch of events.
public struct EventIntakeReport: Sendable, Hashable {
    /// Why an entry is not an event.
    public enum MalformedReason: String, Sendable, Hashable, CaseIterable {
        case notJSON = "NOT_JSON"
        case notAnEvent = "NOT_AN_EVENT"
        case noTime = "NO_TIME"
        case noMeeting = "NO_MEETING"
        case noAttendee = "NO_ATTENDEE"
        case noPipeline = "NO_PIPELINE"
        case idTooLong = "ID_TOO_LONG"
        case tooLong = "TOO_LONG"
    }

    /// Why a well-formed event means nothing here.
    public enum IgnoredReason: String, Sendable, Hashable, CaseIterable {
        case notChime = "NOT_CHIME"
        case unknownType = "UNKNOWN_TYPE"
        /// A recording's own attendee, or another of AWS's.
        case notAPerson = "NOT_A_PERSON"
        case meetingUnknown = "MEETING_UNKNOWN"
        case participantUnknown = "PARTICIPANT_UNKNOWN"
        case tooMany = "TOO_MANY"
    }

    public struct Malformed: Sendable, Hashable {
        public let index: Int
        public let reason: MalformedReason

        package init(index: Int, reason: MalformedReason) {
            self.index = index
            self.reason = reason
        }
    }

    /// Taken in for the first time.
    public var accepted = 0
    /// Known before, by their ids, within the batch or from an earlier one.
    public var duplicates = 0
    /// How many by why; no reason that there was not.
    public var ignored: [IgnoredReason: Int] = [:]
    /// By their place in the batch.
    public var malformed: [Malformed] = []

    public init() {}

    public var ignoredCount: Int { ignored.values.reduce(0, +) }
}

extension EventIntakeReport {
    package mutating func note(_ reason: IgnoredReason) { ignored[reason, default: 0] += 1 }
}
