public import TelehealthModel

/// What happened to a piece of work outside the database, for logs, metrics and alarms. Holds no personal
/// data.
public struct EffectNotice: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case done
        /// Will be tried again; `code` is AWS's or the store's.
        case retrying(code: String, after: Duration)
        /// Given up: needs an operator, and blocks its session's later work. An alarm.
        case dead(code: String)
        /// Chime would not make a meeting; whoever joins next asks again. An alarm.
        case meetingRefused(code: String, MeetingGeneration.Failure)
        /// Another worker holds it now, or the store could not be written: it comes back after its lease.
        case abandoned
    }

    public let effect: Effect
    public let kind: Kind
}
