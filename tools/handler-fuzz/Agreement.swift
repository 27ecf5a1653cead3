internal import ProtobufReflection
internal import TelehealthModel
internal import VisitSimulation

/// What the fields of one request have to do with each other.
enum Agreement {
    static func settle(
        _ message: inout DynamicMessage, method: String, isLeader: Bool, _ scene: inout Scene
    ) {
        switch method {
        case "SubmitConsent", "UpdateConsent": settleSubmission(of: &message, &scene)
        case "InviteParticipant":
            // Staff come by their own token, everybody else by a grant.
            let isStaff = scene.chance(0.4)
            set("person_id", of: &message, to: .string(isStaff ? "clinician-2" : ""))
            let roles: [Int32] = isStaff ? [4, 5, 6, 7] : [6, 8]
            set("role", of: &message, to: .enumeration(scene.pick(roles) ?? 8))
        case "JoinSession":
            if isLeader { clear("pre_visit_check", of: &message) }
        case "CancelSession": set("reason", of: &message, to: .enumeration(scene.pick([3, 6]) ?? 6))
        case "EndSession": set("reason", of: &message, to: .enumeration(scene.pick([1, 2, 3, 8]) ?? 1))
        default: break
        }
    }

    /// Most consents are given at a screen, now.
    private static func settleSubmission(of message: inout DynamicMessage, _ scene: inout Scene) {
        guard let field = message.descriptor.field(named: "submission"),
            case .message(var submission)? = message[field]
        else { return }
        // A recording consent says what for, and no other does.
        if isAboutRecording(message, scene) {
            if submission["recording_purposes"] == nil {
                set("recording_purposes", of: &submission, to: .list([.enumeration(1)]))
            }
        } else {
            clear("recording_purposes", of: &submission)
        }
        if submission["method"] == .enumeration(1) {
            for name in ["decision_time", "evidence", "evidence_items"] { clear(name, of: &submission) }
        }
        if scene.chance(0.9) { clear("signer_id", of: &submission) }
        message[field] = .message(submission)
    }

    /// By the type that a new consent names, or the one that is changed has.
    private static func isAboutRecording(_ message: DynamicMessage, _ scene: Scene) -> Bool {
        if message.descriptor.field(named: "type") != nil { return message["type"] == .string("recording") }
        guard case .string(let id)? = message["consent_id"] else { return false }
        return scene.rows.consents.first { $0.id.rawValue == id }?.type == .recording
    }

    private static func clear(_ name: String, of message: inout DynamicMessage) {
        if let field = message.descriptor.field(named: name) { message[field] = nil }
    }

    private static func set(_ name: String, of message: inout DynamicMessage, to value: DynamicValue) {
        if let field = message.descriptor.field(named: name) { message[field] = value }
    }
}
