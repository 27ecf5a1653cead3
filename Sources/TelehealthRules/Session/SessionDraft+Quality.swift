package import TelehealthModel

extension SessionDraft {
    /// Tells watchers of a changed class, seldom enough that a wavering line does not cause a flood.
    package mutating func tellQuality(_ quality: inout ClientQuality) {
        guard !state.session.status.isTerminal else { return }
        // A line that was good from the beginning is not reported.
        if quality.classTold == nil && quality.connectionClass == .good {
            quality.classTold = .good
            return
        }
        guard quality.classTold != quality.connectionClass else { return }
        if let toldAt = quality.classToldAt, (.zero..<policy.qualityEventInterval).contains(now - toldAt) { return }
        quality.classTold = quality.connectionClass
        quality.classToldAt = now
        emit(
            .connectionQualityChanged, participant: quality.participantID,
            reason: .connection(quality.connectionClass))
    }
}
