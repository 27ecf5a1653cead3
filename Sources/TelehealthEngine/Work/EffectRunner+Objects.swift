internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    /// Removes everything under the recording's prefix: the playable file and the chunks it was made of.
    ///
    /// The row was marked under the same version that its hold is kept under, so a hold that came first keeps
    /// this from ever being asked, and one that comes now is refused.
    func deleteObjects(_ recording: Recording) async throws(GatewayError) -> EffectOutcome {
        guard recording.state == .deleting, recording.hold == nil else { return .done([]) }
        // Listed again until nothing is left: a page is a thousand, and each attempt has a bounded time.
        let isEmpty = try await gateway.deleteObjects(
            prefix: recording.prefix, timeout: policy.gatewayTimeout)
        guard isEmpty else { return .later(.zero) }
        return .done([.objectsDeleted(recording.id)])
    }
}
