public import TelehealthModel
public import TelehealthRules

/// Who shares the screen in a session.
///
/// Isolation: the caller's.
public struct ScreenShareUseCases: Sendable {
    let pipeline: CommandPipeline

    /// - Throws: `SESSION_NOT_FOUND`, `INVALID_STATE`, `NOT_JOINED`, `SCREEN_SHARE_ACTIVE`, `NOT_ALLOWED`.
    public func start(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> ScreenShareOutcome
    {
        let change = try await pipeline.changeSession("StartScreenShare", id, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.startShare(invocation.caller)
        }
        return try outcome(of: change)
    }

    /// - Throws: `SESSION_NOT_FOUND`, `SCREEN_SHARE_NOT_ACTIVE`, `NOT_ALLOWED`.
    public func stop(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> ScreenShareOutcome
    {
        let change = try await pipeline.changeSession("StopScreenShare", id, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.stopShare(invocation.caller)
        }
        return try outcome(of: change)
    }

    private func outcome(of change: SessionChange<ScreenShareID>) throws(TelehealthError) -> ScreenShareOutcome {
        guard let share = change.state.screenShares.first(where: { $0.id == change.made }) else {
            throw TelehealthError(.screenShareNotActive)
        }
        return ScreenShareOutcome(state: change.visible, share: share)
    }
}
