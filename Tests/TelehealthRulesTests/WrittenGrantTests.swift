import Foundation
import TelehealthModel
import TelehealthRules
import Testing
import TextFormats

@Suite("Grants and passes of 02d4151") struct WrittenGrantTests {
    private struct Answers: Decodable {
        struct Keys: Decodable { let guest: String }
        struct Grant: Decodable {
            let grant: String
            let session: String
            let role: String
        }
        struct Pass: Decodable {
            let pass: String
            let session: String
            let participant: String
        }
        let keys: Keys
        let grants: [String: Grant]
        let passes: [String: Pass]
    }

    private let answers: Answers

    init() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Fixtures/written-by-02d4151/answers.json")
        answers = try JSONDecoder().decode(Answers.self, from: Data(contentsOf: file))
    }

    @Test func `are read as their key signed them`() throws {
        let bytes = try #require(Hex.decode(answers.keys.guest))
        let guests = try #require(GuestKey(bytes: bytes))
        for told in answers.grants.values {
            let grant = try #require(guests.grant(told.grant))
            #expect(grant.sessionID.rawValue == told.session && grant.role.rawValue == told.role)
            #expect(guests.seal(grant) == told.grant, "written as it was")
            #expect(guests.grant(told.grant.replacing(".\(told.role).", with: ".clinician.")) == nil)
        }
        for told in answers.passes.values {
            let caller = try #require(guests.caller(told.pass))
            let guest = try #require(caller.guest)
            #expect(guest.sessionID.rawValue == told.session && guest.participantID.rawValue == told.participant)
            #expect(guests.seal(guest, expiresAt: caller.expiresAt) == told.pass, "written as it was")
        }
    }
}
