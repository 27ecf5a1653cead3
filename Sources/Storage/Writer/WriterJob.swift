package import TelehealthEngine
package import TelehealthModel
package import TelehealthRules

package typealias Answer<Value> = CheckedContinuation<Result<Value, StoreError>, Never>

/// Called on the writer's thread with the error, or nil when the row is durable; must not block.
package typealias RecordAnswer = @Sendable (StoreError?) -> Void

/// One thing for the writer to do, with whom to answer.
package enum WriterJob: Sendable {
    /// In a box: a job is copied some times on its way, a decision has a page of fields.
    indirect case apply(Decision, Answer<ApplyResult>)
    /// An entry of the audit log that belongs to no change; in a box like a decision, for its many texts.
    indirect case record(AuditEntry, RecordAnswer)
    /// Denials that were summed into one entry; made by the writer itself.
    case recordSum(AuditEntry, [RecordAnswer])
    case claim(EffectClaim, Answer<EffectClaim.Outcome>)
    case prune(Pruning, Answer<Void>)
    case backup(path: String, progress: ProgressReport, Answer<Void>)
    /// Seals with this ring's current key from the next batch on.
    case adopt(KeyRing, Answer<Void>)
    case reseal(Resealing, Answer<Void>)
}

extension WriterJob {
    /// Whether it is one denial, which may be summed with others.
    var isDenial: Bool {
        if case .record(let entry, _) = self { entry.outcome == .denied && entry.count == 1 } else { false }
    }

    /// Answers whoever waits with an error.
    package func fail(_ error: StoreError) {
        switch self {
        case .apply(_, let answer): answer.resume(returning: .failure(error))
        case .record(_, let answer): answer(error)
        case .recordSum(_, let answers):
            for answer in answers { answer(error) }
        case .claim(_, let answer): answer.resume(returning: .failure(error))
        case .prune(_, let answer), .backup(_, _, let answer), .adopt(_, let answer), .reseal(_, let answer):
            answer.resume(returning: .failure(error))
        }
    }
}
