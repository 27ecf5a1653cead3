import Foundation
import TelehealthModel
import Testing

@testable import Identity

@Suite("Names of claims") struct ClaimNamesTests {
    private func verify(
        _ claims: [String: Any], names: ClaimNames = .standard, isDevelopment: Bool = false
    ) async throws -> Caller {
        var forge = TokenForge()
        for name in ["telehealth_role", "telehealth_clinician_id"] { forge.claims[name] = nil }
        forge.claims.merge(claims) { _, new in new }
        return try await forge.verifier(isDevelopment: isDevelopment, claims: names)
            .verify(forge.token(), isLocal: true, now: TokenForge.now)
    }

    @Test func `the claims are read under the names that were set, and under no others`() async throws {
        let names = ClaimNames(role: "https://clinic.example/role", person: "mrn", clinician: "clinician_id")
        let client = try await verify(
            ["https://clinic.example/role": "client", "mrn": "p-1", "telehealth_person_id": "p-2", "client_id": "portal"],
            names: names)
        #expect(client.clientID == SubjectID("p-1"))
        #expect(client.role == .client)
        let clinician = try await verify(["https://clinic.example/role": "clinician", "clinician_id": "c-1"], names: names)
        #expect(clinician.clinicianID == SubjectID("c-1"))
        await #expect(throws: TokenError.roleInvalid(claim: "https://clinic.example/role")) {
            try await verify(["telehealth_role": "admin"], names: names)
        }
        await #expect(throws: TokenError.claimInvalid("mrn")) {
            try await verify(["https://clinic.example/role": "client", "telehealth_person_id": "p-2"], names: names)
        }
    }

    @Test func `development tokens have the standard names whatever an issuer's are`() async throws {
        let names = ClaimNames(role: "a", person: "b", clinician: "c")
        let caller = try await verify(["telehealth_role": "admin"], names: names, isDevelopment: true)
        #expect(caller.role == .admin)
    }

    @Test func `a claim whose name only looks like the one that was set is another claim`() async throws {
        let names = ClaimNames(role: "K", person: "p", clinician: "c")
        #expect(try await verify(["K": "admin"], names: names).role == .admin)
        await #expect(throws: TokenError.roleInvalid(claim: "K")) {
            try await verify(["\u{212A}": "admin"], names: names)
        }
    }

    @Test(arguments: [
        (["client"], Role.client), (["offline_access", "client", "uma_authorization"], .client), (["client", "client"], .client),
    ])
    func `a list that holds exactly one of our roles names it`(words: [String], role: Role) async throws {
        #expect(try await verify(["telehealth_role": words, "telehealth_person_id": "p-1"]).role == role)
    }

    @Test(arguments: [
        [], ["offline_access"], ["client", "admin"], ["client", "guest"], ["guest"], ["Client"], ["client,admin"],
    ] as [[String]])
    func `a list with none of our roles or several names none`(words: [String]) async throws {
        await #expect(throws: TokenError.roleInvalid(claim: "telehealth_role")) {
            try await verify(["telehealth_role": words, "telehealth_person_id": "p-1"])
        }
    }

    @Test(arguments: ["client_id", "azp"], [("client", "telehealth_person_id"), ("clinician", "telehealth_clinician_id")])
    func `who is named as the token's application is not a person`(claim: String, who: (String, String)) async throws {
        let token = ["telehealth_role": who.0, who.1: "portal"]
        #expect(try await verify(token.merging([claim: "other"]) { $1 }).role.rawValue == who.0)
        await #expect(throws: TokenError.personIsApplication(claim: who.1)) {
            try await verify(token.merging([claim: "portal"]) { $1 })
        }
    }

    @Test(arguments: ClaimNames.Part.allCases, [
        "", String(repeating: "x", count: 65), "a b", " role", "role\n", "ro\u{200B}le", "\u{7}", "client_id", "azp", "iss",
        "sub", "aud", "exp", "nbf", "iat", "jti", "act", "cnf", "scope", "email", "name", "preferred_username",
    ])
    func `a name that cannot be meant is refused with a sentence that shows it`(part: ClaimNames.Part, name: String) {
        var names = ClaimNames.standard
        switch part {
        case .role: names.role = name
        case .person: names.person = name
        case .clinician: names.clinician = name
        }
        #expect(names.faults.map(\.part) == [part])
        #expect(names.faults[0].sentence.contains("'\(name)'"))
    }

    @Test func `two claims cannot have one name, nor names that are equivalent`() {
        #expect(ClaimNames(role: "a", person: "b", clinician: "b").faults.map(\.part) == [.clinician])
        #expect(ClaimNames(role: "a", person: "a", clinician: "a").faults.map(\.part) == [.person, .clinician])
        #expect(ClaimNames(role: "K", person: "\u{212A}", clinician: "c").faults.map(\.part) == [.person])
    }

    @Test func `earlier names, providers' long names and the claims made for roles can be meant`() {
        #expect(ClaimNames.standard.faults.isEmpty)
        for role in ["role", "roles", "groups", "https://clinic.example/role", String(repeating: "\u{e9}", count: 64)] {
            #expect(ClaimNames(role: role, person: "person", clinician: "clinician_id").faults.isEmpty, "\(role)")
        }
        #expect(ClaimNames(role: "r", person: "roles", clinician: "groups").faults.map(\.part) == [.person, .clinician])
    }

    @Test func `every sentence about a claim names it as it was set`() {
        #expect(TokenError.roleInvalid(claim: "x").advice.contains("'x'"))
        #expect(TokenError.claimInvalid("x").advice.contains("'x'"))
        #expect(TokenError.personIsApplication(claim: "x").advice.contains("'x'"))
        for error: TokenError in [.roleInvalid(claim: "x"), .personIsApplication(claim: "x"), .boundToKey, .notAccessToken] {
            #expect(error.reason == "TOKEN_INVALID")
        }
    }
}
