import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

@Suite("ParticipantService", .timeLimit(.minutes(3))) struct ParticipantHandlerTests {
    private static let all = Telehealth_V1_AttendeeCapabilities.with {
        ($0.audio, $0.video, $0.content) = (.sendReceive, .sendReceive, .sendReceive)
    }

    /// A visit with its clinician there, whose client waits to be let in by name.
    private func waiting() async throws -> SimulatedService {
        let service = try await SimulatedService(stage: .waiting)
        let visit = try service.sessionID
        _ = try await service.working {
            try await service.clinician.sessions.join(.with { $0.key = .sessionID(visit) })
        }
        return service
    }

    private func version(_ service: SimulatedService) throws -> Int64 { try service.visit.session.version }

    // MARK: Letting in, denying, putting back, removing

    @Test func `a person who waits is let in, and shown with everything that is known of them`() async throws {
        let service = try await waiting()
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let before = try #require(try service.visit.participants.first { $0.role == .client })
        let request = Telehealth_V1_AdmitParticipantRequest.with {
            ($0.sessionID, $0.participantID) = (visit, client)
        }
        let answer = try await service.once(request) { try await service.clinician.participants.admit($0) }
        let person = try #require(answer.participant)
        #expect(
            person
                == .with {
                    $0.participantID = client
                    $0.role = .client
                    $0.personID = "client-1"
                    $0.state = .admitted
                    $0.present = person.present
                    $0.firstJoinTime = person.firstJoinTime
                    $0.firstWaitTime = before.firstWaitingAt?.wire
                    $0.admitTime = service.now
                    $0.preVisitCheck = before.preVisitCheck?.wire
                    $0.capabilities = Self.all
                    $0.provider = person.provider
                })
        #expect(answer.session?.sessionID == visit && answer.session?.status == .inProgress)
        #expect(answer.session?.participants.contains(person) == true)
    }

    @Test func `nobody is let in while no clinician is there`() async throws {
        let service = try await SimulatedService(stage: .waiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let refused = await refusal {
            try await service.clinician.participants.admit(
                .with { ($0.sessionID, $0.participantID) = (visit, client) })
        }
        #expect(refused == Refusal(.failedPrecondition, "CLINICIAN_NOT_PRESENT"))
    }

    @Test func `somebody who was denied is refused when they come again, until let in after all`() async throws {
        let service = try await waiting()
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let deny = Telehealth_V1_DenyParticipantRequest.with { ($0.sessionID, $0.participantID) = (visit, client) }
        let denied = try await service.once(deny) { try await service.clinician.participants.deny($0) }
        #expect(denied.participant?.state == .denied && denied.session?.sessionID == visit)
        let back = await refusal {
            try await service.patient.sessions.join(.with { $0.key = .sessionID(visit) })
        }
        #expect(back == Refusal(.permissionDenied, "PARTICIPANT_DENIED"))
        let admitted = try await service.clinician.participants.admit(
            .with { ($0.sessionID, $0.participantID) = (visit, client) })
        #expect(admitted.participant?.state != .denied)
    }

    @Test func `a person is put back into the waiting room and held there`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let request = Telehealth_V1_ReturnToWaitingRoomRequest.with {
            ($0.sessionID, $0.participantID) = (visit, client)
        }
        let answer = try await service.once(request) {
            try await service.clinician.participants.returnToWaitingRoom($0)
        }
        #expect(answer.participant?.state == .waiting && answer.participant?.held == true)
        #expect(answer.participant?.waitStartTime == service.now && answer.session?.clientInWaitingRoom == true)
    }

    @Test func `a person who was removed may not come back by themself`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let request = Telehealth_V1_RemoveParticipantRequest.with {
            ($0.sessionID, $0.participantID) = (visit, client)
        }
        let answer = try await service.once(request) { try await service.clinician.participants.remove($0) }
        #expect(answer.participant?.state == .removed && answer.participant?.participantID == client)
        let back = await refusal {
            try await service.patient.sessions.get(.with { $0.key = .sessionID(visit) })
        }
        #expect(back == Refusal(.permissionDenied, "PARTICIPANT_REMOVED"))
    }

    @Test func `each capability reaches its own direction`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let wanted = Telehealth_V1_AttendeeCapabilities.with {
            ($0.audio, $0.video, $0.content) = (.receive, .send, .none)
        }
        let request = Telehealth_V1_SetParticipantCapabilitiesRequest.with {
            ($0.sessionID, $0.participantID, $0.capabilities) = (visit, client, wanted)
        }
        let answer = try await service.once(request) {
            try await service.clinician.participants.setCapabilities($0)
        }
        #expect(answer.participant?.capabilities == wanted)
        let kept = try #require(try service.visit.participants.first { $0.role == .client }).capabilities
        #expect(kept == .init(audio: .receive, video: .send, content: .none))
        let empty = await refusal {
            try await service.clinician.participants.setCapabilities(
                .with { ($0.sessionID, $0.participantID, $0.capabilities) = (visit, client, .init()) })
        }
        #expect(empty == .fields("capabilities.audio", "capabilities.video", "capabilities.content"))
    }

    // MARK: Inviting

    @Test func `a colleague gets a place under their own id`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let request = Telehealth_V1_InviteParticipantRequest.with {
            ($0.sessionID, $0.role, $0.personID) = (visit, .coClinician, "clinician-2")
        }
        let answer = try await service.once(request) { try await service.clinician.participants.invite($0) }
        #expect(answer.participant?.personID == "clinician-2" && answer.participant?.role == .coClinician)
        #expect(answer.participant?.state == .expected && answer.grant.isEmpty && answer.invitation == nil)
        let place = try #require(answer.participant).participantID
        let twice = await refusal {
            try await service.clinician.participants.invite(request)
        }
        #expect(twice == Refusal(.alreadyExists, "PARTICIPANT_EXISTS", ["participant_id": place]))
    }

    @Test func `a grant makes whoever holds it somebody in the visit, once, with a token of their own`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let request = Telehealth_V1_InviteParticipantRequest.with {
            ($0.sessionID, $0.role, $0.validFor) = (visit, .guest, .with { $0.seconds = 600 })
        }
        let invited = try await service.once(request) { try await service.clinician.participants.invite($0) }
        let invitation = try #require(invited.invitation)
        #expect(
            invitation
                == .with {
                    $0.invitationID = invitation.invitationID
                    $0.role = .guest
                    $0.state = .open
                    $0.createTime = service.now
                    $0.expireTime = .with { $0.seconds = service.now.seconds + 600 }
                })
        #expect(invited.participant == nil && !invited.grant.isEmpty)
        let redeem = Telehealth_V1_RedeemInvitationRequest.with { $0.grant = invited.grant }
        let redeemed = try await service.once(redeem) { try await service.stranger.participants.redeemInvitation($0) }
        #expect(redeemed.session?.sessionID == visit && redeemed.participant?.role == .guest)
        #expect(redeemed.expireTime.map { $0.seconds > service.now.seconds } == true)
        let seen = try await service.client(token: redeemed.token).sessions.get(.with { $0.key = .sessionID(visit) })
        let guest = try #require(redeemed.participant).participantID
        #expect(seen.session?.participants.map(\.participantID) == [guest])
        let shown = try await service.clinician.sessions.get(.with { $0.key = .sessionID(visit) }).session
        #expect(shown?.invitations.map(\.state) == [.used])
        #expect(shown?.invitations.map(\.participantID) == [guest])
        let again = await refusal {
            try await service.stranger.participants.redeemInvitation(redeem)
        }
        #expect(again == Refusal(.failedPrecondition, "INVITATION_USED"))
    }

    @Test func `a grant that was taken back, has expired or was made up admits nobody`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        func invite() async throws -> Telehealth_V1_InviteParticipantResponse {
            try await service.clinician.participants.invite(
                .with { ($0.sessionID, $0.role, $0.validFor) = (visit, .guest, .with { $0.seconds = 60 }) })
        }
        func redeem(_ grant: String) async -> Refusal? {
            await refusal {
                try await service.stranger.participants.redeemInvitation(.with { $0.grant = grant })
            }
        }
        let (first, second) = (try await invite(), try await invite())
        let revoke = Telehealth_V1_RevokeInvitationRequest.with {
            ($0.sessionID, $0.invitationID) = (visit, first.invitation?.invitationID ?? "")
        }
        let revoked = try await service.once(revoke) { try await service.clinician.participants.revokeInvitation($0) }
        #expect(revoked.session?.invitations.map(\.state) == [.revoked, .open])
        #expect(await redeem(first.grant) == Refusal(.failedPrecondition, "INVITATION_REVOKED"))
        await service.clinic.live(for: .seconds(60))
        #expect(await redeem(second.grant) == Refusal(.failedPrecondition, "INVITATION_EXPIRED"))
        #expect(await redeem("made up") == Refusal(.unauthenticated, "INVITATION_INVALID"))
        let unknown = await refusal {
            try await service.clinician.participants.revokeInvitation(
                .with { ($0.sessionID, $0.invitationID) = (visit, "nothing") })
        }
        #expect(unknown == Refusal(.notFound, "INVITATION_NOT_FOUND"))
    }

    @Test func `a role that does not come by an invitation is a wrong field`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        for (role, person) in [(Telehealth_V1_ParticipantRole.observer, ""), (.guest, "clinician-2"), (.client, "")] {
            let refused = await refusal {
                try await service.clinician.participants.invite(
                    .with { ($0.sessionID, $0.role, $0.personID) = (visit, role, person) })
            }
            #expect(refused == .fields("role"))
        }
    }

    // MARK: Every call

    /// Every call that does something to one person of a visit.
    private static func calls(_ client: TelehealthClient, _ visit: String, _ person: String, version: Int64? = nil)
        -> [(name: String, call: @Sendable () async throws -> Void)]
    {
        [
            (
                "admit",
                {
                    _ = try await client.participants.admit(
                        .with { ($0.sessionID, $0.participantID, $0.expectedVersion) = (visit, person, version) })
                }
            ),
            (
                "deny",
                {
                    _ = try await client.participants.deny(
                        .with { ($0.sessionID, $0.participantID, $0.expectedVersion) = (visit, person, version) })
                }
            ),
            (
                "return",
                {
                    _ = try await client.participants.returnToWaitingRoom(
                        .with { ($0.sessionID, $0.participantID, $0.expectedVersion) = (visit, person, version) })
                }
            ),
            (
                "remove",
                {
                    _ = try await client.participants.remove(
                        .with { ($0.sessionID, $0.participantID, $0.expectedVersion) = (visit, person, version) })
                }
            ),
            (
                "set capabilities",
                {
                    _ = try await client.participants.setCapabilities(
                        .with {
                            ($0.sessionID, $0.participantID, $0.expectedVersion) = (visit, person, version)
                            $0.capabilities = all
                        })
                }
            ),
        ]
    }

    @Test func `a person who is not in the visit is not found, whatever is to be done to them`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        for (name, call) in Self.calls(service.clinician, try service.sessionID, "nobody") {
            #expect(await refusal(call) == Refusal(.notFound, "PARTICIPANT_NOT_FOUND"), "\(name)")
        }
    }

    @Test func `whoever does not lead the visit may do nothing to its people, and a stranger does not know of it`()
        async throws
    {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        _ = try await service.clinician.participants.invite(
            .with { ($0.sessionID, $0.role, $0.personID) = (visit, .supervisor, "clinician-2") })
        for (name, call) in Self.calls(service.otherClinician, visit, client) {
            #expect(await refusal(call) == .notAllowed, "\(name)")
        }
        for (name, call) in Self.calls(service.client(.clinician, "clinician-3"), visit, client) {
            #expect(await refusal(call) == .noSession, "\(name)")
        }
    }

    @Test func `a change that is meant for another version of the session does not happen`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let current = try version(service)
        let mismatch = Refusal(.failedPrecondition, "VERSION_MISMATCH", ["current_version": "\(current)"])
        for (name, call) in Self.calls(service.clinician, visit, client, version: current - 1) {
            #expect(await refusal(call) == mismatch, "\(name)")
        }
        let invite = await refusal {
            try await service.clinician.participants.invite(
                .with { ($0.sessionID, $0.role, $0.expectedVersion) = (visit, .guest, current - 1) })
        }
        #expect(invite == mismatch)
        #expect(try version(service) == current)
        let meant = try await service.clinician.participants.invite(
            .with { ($0.sessionID, $0.role, $0.expectedVersion) = (visit, .guest, current) })
        #expect(meant.session?.version == current + 1)
    }
}
