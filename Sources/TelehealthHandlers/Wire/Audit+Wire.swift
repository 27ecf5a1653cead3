internal import AuditChain
internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel

// The log stores words; they become the API's enums when a row is read. A word without a case is `unspecified`: rows
// of a later version can be read, and so can an edited row, which its MAC reveals.

extension AuditEntry.Outcome {
    init?(_ wire: Telehealth_V1_AuditOutcome) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    fileprivate var wire: Telehealth_V1_AuditOutcome {
        switch self {
        case .allowed: .allowed
        case .denied: .denied
        case .failed: .failed
        }
    }
}

extension Telehealth_V1_AuditOutcome {
    fileprivate init(word: String) { self = AuditEntry.Outcome(rawValue: word)?.wire ?? .unspecified }
}

extension Telehealth_V1_CallerRole {
    /// - Parameter word: nil for a call without a caller.
    fileprivate init(word: String?) { self = word.flatMap(Role.init(rawValue:))?.wire ?? .unspecified }
}

extension AuditRecord {
    var wire: Telehealth_V1_AuditEvent {
        .with {
            $0.number = number
            $0.occurTime = at.wire
            $0.caller = subject.rawValue
            $0.role = Telehealth_V1_CallerRole(word: role)
            $0.actor = actor?.rawValue
            $0.source = source
            $0.action = action
            $0.outcome = Telehealth_V1_AuditOutcome(word: outcome)
            $0.personID = person
            $0.sessionID = sessionID
            $0.target = target
            $0.reason = reason
            $0.count = count
            $0.previousMac = previous
            $0.mac = mac
        }
    }
}

extension AuditHead {
    var wire: Telehealth_V1_AuditHead {
        .with {
            $0.treeSize = size
            $0.mac = mac
            $0.rootHash = root.bytes
            $0.signTime = at.wire
            $0.keyID = keyID
            $0.signature = signature
        }
    }
}

extension AuditFinding {
    var wire: Telehealth_V1_AuditFinding {
        .with {
            $0.number = number
            $0.fault = fault.wire
            $0.description = description
        }
    }
}

extension AuditFinding.Fault {
    fileprivate var wire: Telehealth_V1_AuditFault {
        switch self {
        case .changed: .changed
        case .moved: .reordered
        case .missing: .missing
        case .unlinked: .unlinked
        case .contradictsHead: .headMismatch
        case .cutShort: .tailCut
        case .headForged: .headForged
        case .nodeChanged: .treeNodeChanged
        case .headDamaged: .headDamaged
        case .rowsLost: .rowsLost
        case .markDamaged: .markDamaged
        case .writeAheadLogCut: .writeAheadLogCut
        case .rowForged: .rowForged
        }
    }
}

extension AuditReport {
    var wire: Telehealth_V1_AuditVerification {
        .with {
            $0.isWhole = isWhole
            $0.rowsChecked = rowsChecked
            $0.headsChecked = headsChecked
            $0.throughNumber = through
            $0.first = first?.wire
            $0.findings = findings.map(\.wire)
            $0.findingCount = Int64(findingCount)
            $0.newestHead = newestHead?.wire
            $0.rootHash = root?.bytes ?? []
        }
    }
}

extension SessionAccessReport.Line {
    var wire: Telehealth_V1_SessionAccess {
        .with {
            $0.caller = subject.rawValue
            $0.role = Telehealth_V1_CallerRole(word: role)
            $0.actor = actor?.rawValue ?? ""
            $0.firstAccessTime = firstAt.wire
            $0.lastAccessTime = lastAt.wire
            $0.calls = MapField(actions)
            $0.deniedCount = deniedCount
        }
    }
}
