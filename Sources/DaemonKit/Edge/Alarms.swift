internal import AuditChain
internal import Identity
internal import Logging
internal import RPCModel
internal import Storage
internal import StorageSQLite
internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// Turns notices of the parts into log lines, counters and readiness; what needs an operator is logged as `error`.
final class Alarms: Sendable {
    private let logger: Logger
    /// Meetings that Chime refused to create since the start, by kind of refusal.
    let meetingsRefused = Mutex<[MeetingGeneration.Failure: Int]>([:])
    /// Failed reads of the issuer's keys since the start, by what stays in use.
    let keyNotices = Mutex<[String: Int]>([:])
    private let readiness = Mutex<(@Sendable (Bool) -> Void)?>(nil)

    init(logger: Logger) { self.logger = logger }

    /// Called with false when the store stops accepting changes, and with true when it accepts them again.
    var onReadiness: (@Sendable (Bool) -> Void)? {
        get { readiness.withLock { $0 } }
        set { readiness.withLock { $0 = newValue } }
    }

    func store(_ condition: StoreCondition) {
        switch condition {
        case .readOnly(let code, let operation):
            logger.error(
                "database is read-only since a write failed: no changes are accepted until a restart", metadata: ["code": "\(code)", "operation": "\(operation)"])
            onReadiness?(false)
        case .damaged(let damage):
            logger.error(
                "the database is damaged: run telehealth-probe operate check", metadata: ["damage": "\(damage)"])
        case .damagedRow(let operation):
            logger.error(
                "a stored row is damaged: telehealth-probe operate check names it",
                metadata: ["operation": "\(operation)"])
        case .full:
            logger.error("disk is full: no changes are accepted until there is room")
            onReadiness?(false)
        case .recovered:
            logger.notice("store accepts changes again")
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

    /// An effect's metadata is its kind and its session's random id; nothing of a person.
    func effect(_ notice: EffectNotice) {
        var metadata: Logger.Metadata = [
            "effect": "\(notice.effect.kind.word)", "session": "\(notice.effect.sessionID)",
            "attempts": "\(notice.effect.attempts)",
        ]
        if case .webhook(let target, _) = notice.effect.kind { metadata["target"] = "\(target)" }
        switch notice.kind {
        case .done: logger.debug("effect done", metadata: metadata)
        case .retrying(let code, let after):
            metadata["code"] = "\(code)"
            metadata["after_ms"] = "\(after.wholeMicroseconds / 1000)"
            logger.warning("effect will be retried", metadata: metadata)
        case .dead(let code):
            metadata["code"] = "\(code)"
            logger.error("effect given up", metadata: metadata)
        case .meetingRefused(let code, let failure):
            metadata["code"] = "\(code)"
            meetingsRefused.withLock { $0[failure, default: 0] += 1 }
            logger.error("Chime refused a meeting", metadata: metadata)
        case .abandoned: logger.warning("effect not settled: it is retried when its lease ends", metadata: metadata)
        }
    }

    func auditHeadNotKept(_ error: StoreError) {
        logger.error("audit head not stored outside the database", metadata: ["error": "\(error)"])
    }

    func auditHeadsDamaged(lines: [Int]) {
        logger.error(
            "audit heads file is damaged: run telehealth-probe audit verify",
            metadata: ["lines": "\(lines.prefix(20).map(String.init).joined(separator: ","))"])
    }

    func auditLogContradictsHead(_ head: AuditHead) {
        logger.error(
            "audit log contradicts its newest signed head: run telehealth-probe audit verify", metadata: ["rows": "\(head.size)"])
    }

    func sweep(_ error: StoreError) { logger.error("search for overdue visits failed", metadata: ["error": "\(error)"]) }

    /// Someone opened a visit that is not theirs. The audit log, not this line, says who and why.
    func emergency(_ method: MethodDescriptor, _ caller: Caller) {
        logger.error(
            "emergency access", metadata: ["method": "\(method)", "role": "\(caller.role.rawValue)"])
    }

    func sealing(_ key: UInt32, isDone: Bool) {
        let metadata: Logger.Metadata = ["key": "\(key)"]
        if isDone {
            logger.notice("every row is sealed with the current key", metadata: metadata)
        } else {
            logger.notice("sealing older rows with the current key", metadata: metadata)
        }
    }

    /// What the daemon reads again while it runs.
    enum Renewal: String {
        case certificates
        case receiptKey = "receipt key"
        case keyRing = "key ring"
        case sealedRows = "sealed rows"
    }

    /// - Parameter failure: nil: the new version is in use.
    func renewal(_ what: Renewal, _ failure: (any Error)?) {
        var metadata: Logger.Metadata = ["what": "\(what.rawValue)"]
        if let failure {
            metadata["error"] = "\(failure)"
            logger.error("not renewed: the old version stays in use", metadata: metadata)
        } else {
            logger.notice("renewed", metadata: metadata)
        }
    }

    /// Logs counts and the queue's own ids; nothing of a meeting.
    func events(_ notice: EventPoller.Notice) {
        switch notice {
        case .took(let report):
            logger.debug(
                "events processed",
                metadata: [
                    "accepted": "\(report.accepted)", "duplicates": "\(report.duplicates)",
                    "ignored": "\(report.ignoredCount)",
                ])
        case .malformed(let message, let reason):
            logger.warning(
                "message in the queue is not an event",
                metadata: ["queue_message": "\(message)", "reason": "\(reason.rawValue)"])
        case .queueFailed(let code, let again):
            logger.warning(
                "event queue failed",
                metadata: ["code": "\(code)", "after_ms": "\(again.wholeMicroseconds / 1000)"])
        case .storeFailed(let reason, let again):
            logger.error(
                "events not stored: they are read again",
                metadata: ["reason": "\(reason)", "after_ms": "\(again.wholeMicroseconds / 1000)"])
        }
    }

    func keys(_ notice: KeyNotice) {
        keyNotices.withLock { $0[notice.label, default: 0] += 1 }
        switch notice {
        case .keysKept(let error):
            logger.error("key set not reloaded: the old keys stay in use", metadata: ["error": "\(error)"])
        case .documentKept(let error):
            logger.error("discovery document not reloaded: the last good one stays in use", metadata: ["error": "\(error)"])
        }
    }
}
