internal import TelehealthModel
internal import TelehealthRules

/// What rules need from outside: the clock, fresh ids, the policy and where meetings are made.
///
/// Isolation: any.
final class RuleContextSource: Sendable {
    let time: any TimeSource
    let ids: any IDSource
    let policy: Policy
    private let controlRegion: String
    private let recordingsBucket: String?

    init(
        time: any TimeSource, ids: any IDSource, policy: Policy, controlRegion: String, recordingsBucket: String?
    ) {
        self.time = time
        self.ids = ids
        self.policy = policy
        self.controlRegion = controlRegion
        self.recordingsBucket = recordingsBucket
    }

    /// The context of a decision that is made now.
    func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: controlRegion, recordingsBucket: recordingsBucket)
    }
}
