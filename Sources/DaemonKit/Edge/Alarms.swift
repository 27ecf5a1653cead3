internal import Identity
internal import Logging
internal import RPCModel
internal import StorageSQLite
internal import Synchronization
internal import TelehealthCore

/// Turns what the parts tell of themselves into log lines; what needs an operator is logged as `error`.
final class Alarms: Sendable {
    private let logger: Logger
    /// Meetings that Chime would not make since the start, by the kind of refusal.
    let meetingsRefused = Mutex<[MeetingGeneration.Failure: Int]>([:])
    /// Readings of the issuer's keys that failed since the start, by what was kept.
    let keyNotices = Mutex<[String: Int]>([:])
    private let readiness = Mutex<(@Sendable (Bool) -> Void)?>(nil)

    init(logger: Logger) { self.logger = logger }

    /// Called with false when the store takes no changes any more, and with true when it does again.
    var onReadiness: (@Sendable (Bool) -> Void)? {
        get { readiness.withLock { $0 } }
        set { readiness.withLock { $0 = newValue } }
    }

    func store(_ condition: StoreCondition) {
        switch condition {
        case .readOnly(let code, let operation):
            logger.error("store is read-only", metadata: ["code": "\(code)", "operation": "\(operation)"])
            onReadiness?(false)
        case .damaged(let damage): logger.error("the database is damaged: \(damage)")
        case .damagedRow(let operation):
            logger.error(
                "a stored row is damaged: 'telehealth-probe operate check' names it",
                metadata: ["operation": "\(operation)"])
        case .full:
            logger.error("disk is full: no change is taken until there is room")
            onReadiness?(false)
        case .recovered:
            logger.notice("store writes again")
            onReadiness?(true)
        case .spaceLow(let space): logger.error("disk is nearly full: make room", metadata: Self.metadata(space))
        case .spaceEnough(let space): logger.notice("disk has room again", metadata: Self.metadata(space))
        case .walOverLimit(let pages):
            logger.error("write-ahead log over its limit", metadata: ["pages": "\(pages)"])
        case .walUnderLimit(let pages):
            logger.notice("write-ahead log under its limit", metadata: ["pages": "\(pages)"])
        }
    }

    private static func metadata(_ space: StoreSpace) -> Logger.Metadata {
        ["free_bytes": "\(space.free)", "size_bytes": "\(space.size)"]
    }

    /// Effects name their kind and their session's random id, no person.
    func effect(_ notice: EffectNotice) {
        var metadata: Logger.Metadata = [
            "effect": "\(notice.effect.kind.rawValue)", "session": "\(notice.effect.sessionID)",
            "attempts": "\(notice.effect.attempts)",
        ]
        if let target = notice.effect.target { metadata["target"] = "\(target)" }
        switch notice.kind {
        case .done: logger.debug("effect done", metadata: metadata)
        case .retrying(let code, let after):
            metadata["code"] = "\(code)"
            metadata["after_ms"] = "\(after.wholeMicroseconds / 1000)"
            logger.warning("effect to be tried again", metadata: metadata)
        case .dead(let code):
            metadata["code"] = "\(code)"
            logger.error("effect given up", metadata: metadata)
        case .meetingRefused(let code, let failure):
            metadata["code"] = "\(code)"
            meetingsRefused.withLock { $0[failure, default: 0] += 1 }
            logger.error("Chime refused a meeting", metadata: metadata)
        case .abandoned: logger.warning("effect left to its lease", metadata: metadata)
        }
    }

    func auditHeadNotKept(_ error: StoreError) {
        logger.error("audit log's head not kept outside the database", metadata: ["error": "\(error)"])
    }

    func auditHeadsDamaged(lines: [Int]) {
        logger.error(
            "the file of heads is damaged: verify the audit log",
            metadata: ["lines": "\(lines.prefix(20).map(String.init).joined(separator: ","))"])
    }

    func auditLogContradictsHead(_ head: AuditHead) {
        logger.error(
            "the audit log does not fit its newest signed head: verify it", metadata: ["rows": "\(head.size)"])
    }

    func sweep(_ error: StoreError) { logger.error("sweep failed", metadata: ["error": "\(error)"]) }

    /// Somebody got into a visit that is not theirs: who and why stands in the audit, which people look at on
    /// this alarm.
    func emergency(_ method: MethodDescriptor, _ caller: Caller) {
        logger.error(
            "emergency access", metadata: ["method": "\(method)", "role": "\(caller.role.rawValue)"])
    }

    func sealing(_ key: UInt32, isDone: Bool) {
        logger.notice(
            isDone ? "every row is sealed with the current key" : "sealing rows with another key",
            metadata: ["key": "\(key)"])
    }

    func renewal(_ what: String, _ failure: (any Error)?) {
        if let failure {
            logger.error("\(what) not renewed, the old stays in use", metadata: ["error": "\(failure)"])
        } else {
            logger.notice("\(what) renewed")
        }
    }

    /// Counts and the queue's own ids; nothing of a meeting.
    func events(_ notice: EventPoller.Notice) {
        switch notice {
        case .took(let report):
            logger.debug(
                "events taken in",
                metadata: [
                    "accepted": "\(report.accepted)", "duplicates": "\(report.duplicates)",
                    "ignored": "\(report.ignoredCount)",
                ])
        case .malformed(let message, let reason):
            logger.warning("queue held no event", metadata: ["message": "\(message)", "reason": "\(reason.rawValue)"])
        case .queueFailed(let code, let again):
            logger.warning(
                "event queue failed",
                metadata: ["code": "\(code)", "after_ms": "\(again.wholeMicroseconds / 1000)"])
        case .storeFailed(let reason, let again):
            logger.error(
                "events not taken in",
                metadata: ["reason": "\(reason)", "after_ms": "\(again.wholeMicroseconds / 1000)"])
        }
    }

    func keys(_ notice: KeyNotice) {
        keyNotices.withLock { $0[notice.label, default: 0] += 1 }
        switch notice {
        case .keysKept(let error):
            logger.error("key set not reloaded, the old keys stay", metadata: ["error": "\(error)"])
        case .documentKept(let error):
            logger.error("issuer's document not reloaded, the last good one stays", metadata: ["error": "\(error)"])
        }
    }
}
