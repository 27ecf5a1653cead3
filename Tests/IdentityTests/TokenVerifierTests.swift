import Crypto
import CryptoExtras
import Foundation
import TelehealthModel
import Testing

@testable import Identity

@Suite("Token verifier") struct TokenVerifierTests {
    @Test(arguments: ["es256", "ed25519", "rs256"])
    func `a sound token of each allowed algorithm tells who its bearer is`(kind: String) async throws {
        let forge: TokenForge =
            switch kind {
            case "es256": TokenForge(.es256(.init()))
            case "ed25519": TokenForge(.ed25519(.init()))
            default: TokenForge(.rs256(try .init(keySize: .bits2048)))
            }
        let verifier = try await forge.verifier()
        let caller = try verifier.verify(forge.token(), isLocal: false, now: TokenForge.now)
        #expect(caller.subject == "user-1")
        #expect(caller.role == .clinician)
        #expect(caller.clinicianID == SubjectID("clin-1"))
        #expect(caller.clientID == nil)
        #expect(caller.expiresAt == TokenForge.now + .seconds(600))
    }

    struct Bend: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: TokenError
        let apply: @Sendable (inout TokenForge) -> Void
    }

    static let bends: [Bend] = [
        Bend(testDescription: "alg none", expected: .algorithmNotAllowed) { $0.header["alg"] = "none" },
        Bend(testDescription: "a shared-secret algorithm", expected: .algorithmNotAllowed) {
            $0.header["alg"] = "HS256"
        },
        Bend(testDescription: "another allowed algorithm than the key's", expected: .algorithmNotAllowed) {
            $0.header["alg"] = "RS256"
        },
        Bend(testDescription: "no key id", expected: .keyUnknown) { $0.header["kid"] = NSNull() },
        Bend(testDescription: "a foreign key id", expected: .keyUnknown) { $0.header["kid"] = "k2" },
        Bend(testDescription: "an extension that must be understood", expected: .malformed) {
            $0.header["crit"] = ["b64"]
        },
        Bend(testDescription: "another issuer", expected: .issuerMismatch) {
            $0.claims["iss"] = "https://evil"
        },
        Bend(testDescription: "no issuer", expected: .issuerMismatch) { $0.claims["iss"] = NSNull() },
        Bend(testDescription: "another audience", expected: .audienceMismatch) {
            $0.claims["aud"] = "billing"
        },
        Bend(testDescription: "no audience", expected: .audienceMismatch) { $0.claims["aud"] = NSNull() },
        Bend(testDescription: "no expiry", expected: .claimInvalid("exp")) {
            $0.claims["exp"] = NSNull()
        },
        Bend(testDescription: "expiry now", expected: .expired) { $0.claims["exp"] = 1_800_000_000 },
        Bend(testDescription: "no issue time", expected: .claimInvalid("iat")) {
            $0.claims["iat"] = NSNull()
        },
        Bend(testDescription: "issued in the future", expected: .notYetValid) {
            $0.claims["iat"] = 1_800_000_061
        },
        Bend(testDescription: "a not-before below every calendar", expected: .claimInvalid("nbf")) {
            $0.claims["nbf"] = -1e300
        },
        Bend(testDescription: "not before later", expected: .notYetValid) {
            $0.claims["nbf"] = 1_800_000_061
        },
        Bend(testDescription: "an hour and a second", expected: .lifetimeTooLong) {
            $0.claims["exp"] = 1_800_003_601
        },
        Bend(testDescription: "no subject", expected: .claimInvalid("sub")) {
            $0.claims["sub"] = NSNull()
        },
        Bend(testDescription: "an empty subject", expected: .claimInvalid("sub")) {
            $0.claims["sub"] = ""
        },
        Bend(testDescription: "a line break in the subject", expected: .claimInvalid("sub")) {
            $0.claims["sub"] = "a\nb"
        },
        Bend(testDescription: "an unknown role", expected: .roleInvalid(claim: "telehealth_role")) {
            $0.claims["telehealth_role"] = "root"
        },
        Bend(testDescription: "no role", expected: .roleInvalid(claim: "telehealth_role")) {
            $0.claims["telehealth_role"] = NSNull()
        },
        Bend(testDescription: "a role under a name that counted once", expected: .roleInvalid(claim: "telehealth_role")) {
            $0.claims["role"] = $0.claims.removeValue(forKey: "telehealth_role")
        },
        Bend(testDescription: "a clinician without an id", expected: .claimInvalid("telehealth_clinician_id")) {
            $0.claims["telehealth_clinician_id"] = NSNull()
        },
        Bend(testDescription: "a client without an id", expected: .claimInvalid("telehealth_person_id")) {
            $0.claims["telehealth_role"] = "client"
        },
        Bend(testDescription: "an application in a client's place", expected: .claimInvalid("telehealth_person_id")) {
            $0.claims["telehealth_role"] = "client"
            $0.claims["client_id"] = "client-1"
        },
        Bend(testDescription: "a client id with a space", expected: .claimInvalid("telehealth_person_id")) {
            $0.claims["telehealth_person_id"] = "a b"
        },
        Bend(testDescription: "an application that is a number", expected: .malformed) { $0.claims["azp"] = 1 },
        Bend(testDescription: "a token bound to a key", expected: .boundToKey) {
            $0.claims["cnf"] = ["jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"]
        },
        Bend(testDescription: "an ID token", expected: .notAccessToken) { $0.claims["at_hash"] = "MTIzNDU2Nzg5MDEyMzQ1Ng" },
        Bend(testDescription: "an actor of another issuer", expected: .claimInvalid("act")) {
            $0.claims["act"] = ["sub": "portal", "iss": "https://other.example"]
        },
        Bend(testDescription: "an actor without a subject", expected: .malformed) {
            $0.claims["act"] = ["client_id": "portal"]
        },
        Bend(testDescription: "an empty actor", expected: .claimInvalid("act")) {
            $0.claims["act"] = ["sub": ""]
        },
        Bend(testDescription: "a role that is a number", expected: .malformed) { $0.claims["telehealth_role"] = 1 },
        Bend(testDescription: "a role in an object", expected: .malformed) {
            $0.claims["telehealth_role"] = ["roles": ["clinician"]]
        },
        Bend(testDescription: "a role beside a number", expected: .malformed) {
            $0.claims["telehealth_role"] = ["clinician", 1] as [Any]
        },
        Bend(testDescription: "the type of a logout token", expected: .malformed) { $0.header["typ"] = "logout+jwt" },
        Bend(testDescription: "the type of a proof of possession", expected: .malformed) {
            $0.header["typ"] = "dpop+jwt"
        },
        Bend(testDescription: "an empty type", expected: .malformed) { $0.header["typ"] = "" },
        Bend(testDescription: "a type that is a number", expected: .malformed) { $0.header["typ"] = 1 },
        Bend(testDescription: "a type with the Kelvin sign's kin", expected: .malformed) {
            $0.header["typ"] = "J\u{FF37}T"
        },
        Bend(testDescription: "an empty list of extensions", expected: .malformed) { $0.header["crit"] = [String]() },
        Bend(testDescription: "an expiry beyond every calendar", expected: .claimInvalid("exp")) {
            $0.claims["exp"] = 1e300
        },
        Bend(testDescription: "an issue time below every calendar", expected: .claimInvalid("iat")) {
            $0.claims["iat"] = -1e300
        },
        Bend(testDescription: "a not-before that is a text", expected: .malformed) { $0.claims["nbf"] = "soon" },
        Bend(testDescription: "an issuer that only looks alike", expected: .issuerMismatch) {
            $0.claims["iss"] = "https://issuer\u{2024}example"
        },
        Bend(testDescription: "a subject with a C1 control", expected: .claimInvalid("sub")) {
            $0.claims["sub"] = "a\u{9B}31mb"
        },
        Bend(testDescription: "a subject with a line separator", expected: .claimInvalid("sub")) {
            $0.claims["sub"] = "a\u{2028}b"
        },
    ]

    @Test(arguments: bends)
    func `a token with one thing wrong is refused for that thing`(bend: Bend) async throws {
        var forge = TokenForge()
        let verifier = try await forge.verifier()
        #expect(throws: Never.self) { try verifier.verify(forge.token(), isLocal: true, now: TokenForge.now) }
        bend.apply(&forge)
        #expect(throws: bend.expected) {
            try verifier.verify(forge.token(), isLocal: true, now: TokenForge.now)
        }
    }

    @Test(arguments: ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
    func `an access token's type is one of RFC 7519 and RFC 9068, in any case`(type: String) async throws {
        var forge = TokenForge()
        forge.header["typ"] = type
        await #expect(throws: Never.self) {
            try await forge.verifier().verify(forge.token(), isLocal: true, now: TokenForge.now)
        }
    }

    @Test(arguments: [
        #"{"alg":"ES256","alg":"ES256","kid":"k1"}"#, #"{"alg":"ES256","kid":"k2","kid":"k1"}"#,
        #"{"alg":"ES256","kid":"k1","jwk":{"kty":"EC","kty":"EC"}}"#, "\u{FEFF}{\"alg\":\"ES256\",\"kid\":\"k1\"}",
        #"{"alg":"ES256","kid":"k1"} "# + "x", #"["ES256"]"#,
    ])
    func `a header that names a member twice, or is not a plain JSON object, is not a header`(header: String) async throws {
        let forge = TokenForge()
        await #expect(throws: TokenError.malformed) {
            try await forge.verifier().verify(
                forge.token(header: header, claims: forge.claimsText()), isLocal: true, now: TokenForge.now)
        }
    }

    @Test(arguments: [
        ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"sub\":\"user-1\""),
        ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"s\\u0075b\":\"user-2\""),
        ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"act\":{\"sub\":\"a\",\"sub\":\"b\"}"),
        ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"other\":[{\"a\":1,\"a\":2}]"),
        ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"other\":NaN"), ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"other\":01"),
        ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"exp2\":1e999"),
    ])
    func `claims that name a member twice at any depth, or hold no JSON number, are refused`(
        part: String, instead: String
    ) async throws {
        let forge = TokenForge()
        let text = try forge.claimsText()
        let bent = text.replacing(part, with: instead)
        #expect(bent != text)
        let verifier = try await forge.verifier()
        let header = #"{"alg":"ES256","kid":"k1","typ":"JWT"}"#
        #expect(throws: Never.self) {
            try verifier.verify(forge.token(header: header, claims: text), isLocal: true, now: TokenForge.now)
        }
        #expect(throws: TokenError.malformed) {
            try verifier.verify(forge.token(header: header, claims: bent), isLocal: true, now: TokenForge.now)
        }
    }

    @Test func `times may have fractions and exponents, and claims of others any number`() async throws {
        let forge = TokenForge()
        let text = try forge.claimsText().replacing("1800000600", with: "1.8000006e9,\"x\":[-0.5e-3,1e2]")
        let caller = try await forge.verifier().verify(
            forge.token(header: #"{"alg":"ES256","kid":"k1"}"#, claims: text), isLocal: true, now: TokenForge.now)
        #expect(caller.expiresAt == TokenForge.now + .seconds(600))
    }

    @Test func `bits after the last byte of a part are not passed over`() async throws {
        // 64 bytes of signature leave 4 unused bits in the last character.
        let forge = TokenForge()
        let verifier = try await forge.verifier()
        let token = try forge.token()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(token.last.flatMap(alphabet.firstIndex(of:)))
        #expect(last % 16 == 0)
        let bent = token.dropLast() + String(alphabet[last + 1])
        #expect(throws: TokenError.malformed) { try verifier.verify(String(bent), isLocal: true, now: TokenForge.now) }
    }

    @Test func `lookalike subjects and key ids stay apart, remembered or not`() async throws {
        var forge = TokenForge()
        let verifier = try await forge.verifier()
        var callers: Set<Subject> = []
        for subject in ["drK", "dr\u{212A}", "drK", "dr\u{212A}"] {
            forge.claims["sub"] = subject
            callers.insert(try verifier.verify(forge.token(), isLocal: true, now: TokenForge.now).subject)
        }
        #expect(callers.count == 2)
        var other = TokenForge(forge.key)
        other.keyID = "\u{212A}1"
        forge.keyID = "K1"
        verifier.replaceKeys(
            try VerificationKeys(
                jwks: TokenForge.set([forge.jwk()]), issuer: TokenForge.issuer, isDevelopment: false))
        #expect(throws: Never.self) { try verifier.verify(forge.token(), isLocal: true, now: TokenForge.now) }
        #expect(throws: TokenError.keyUnknown) {
            try verifier.verify(other.token(), isLocal: true, now: TokenForge.now)
        }
    }

    @Test func `boundaries of the times are inclusive where the policy says so`() async throws {
        var forge = TokenForge()
        let verifier = try await forge.verifier()
        forge.claims["iat"] = 1_800_000_060
        forge.claims["exp"] = 1_800_003_660
        forge.claims["aud"] = ["billing", "telehealth"]
        forge.claims["act"] = ["sub": "scheduler-service"]
        let caller = try verifier.verify(forge.token(), isLocal: false, now: TokenForge.now)
        #expect(caller.actor == "scheduler-service")
    }

    @Test func `any changed byte of a token makes it another token`() async throws {
        let forge = TokenForge()
        let verifier = try await forge.verifier()
        let token = try forge.token()
        _ = try verifier.verify(token, isLocal: true, now: TokenForge.now)
        for index in token.indices {
            var bent = token
            bent.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(throws: TokenError.self) { try verifier.verify(bent, isLocal: true, now: TokenForge.now) }
        }
    }

    @Test(arguments: ["", "a", "a.b", "a.b.c", "a.b.c.d", "....", "é.é.é"])
    func `what is not a token is refused`(text: String) async throws {
        let verifier = try await TokenForge().verifier()
        #expect(throws: TokenError.self) { try verifier.verify(text, isLocal: true, now: TokenForge.now) }
    }

    @Test func `a token over the size limit is not even decoded`() async throws {
        var forge = TokenForge()
        let verifier = try await forge.verifier()
        forge.claims["x"] = String(repeating: "a", count: TokenPolicy.tokenBytesMax)
        #expect(throws: TokenError.malformed) {
            try verifier.verify(forge.token(), isLocal: true, now: TokenForge.now)
        }
    }

    @Test func `a remembered token expires on time`() async throws {
        let forge = TokenForge()
        let verifier = try await forge.verifier()
        let token = try forge.token()
        for second in [0, 1, 599] {
            _ = try verifier.verify(token, isLocal: false, now: TokenForge.now + .seconds(second))
        }
        #expect(throws: TokenError.expired) {
            try verifier.verify(token, isLocal: false, now: TokenForge.now + .seconds(600))
        }
    }

    @Test func `a remembered token dies with its key`() async throws {
        let forge = TokenForge()
        let verifier = try await forge.verifier()
        let token = try forge.token()
        _ = try verifier.verify(token, isLocal: false, now: TokenForge.now)
        var successor = TokenForge()
        successor.keyID = "k2"
        verifier.replaceKeys(
            try VerificationKeys(
                jwks: TokenForge.set([successor.jwk()]), issuer: TokenForge.issuer, isDevelopment: false))
        #expect(throws: TokenError.keyUnknown) {
            try verifier.verify(token, isLocal: false, now: TokenForge.now)
        }
        _ = try verifier.verify(successor.token(), isLocal: false, now: TokenForge.now)
    }

    @Test func `a development token counts on local connections only, remembered or not`() async throws {
        let forge = TokenForge()
        let verifier = try await forge.verifier(isDevelopment: true)
        let token = try forge.token()
        #expect(throws: TokenError.developmentOnly) {
            try verifier.verify(token, isLocal: false, now: TokenForge.now)
        }
        _ = try verifier.verify(token, isLocal: true, now: TokenForge.now)
        #expect(throws: TokenError.developmentOnly) {
            try verifier.verify(token, isLocal: false, now: TokenForge.now)
        }
    }

    private static let caller = Caller(subject: "s", role: .admin, expiresAt: TokenForge.now)
    private func digest(_ number: UInt64) -> VerifiedTokenCache.Digest { .init(words: (number, 0, 0, 0)) }

    @Test func `the memory of tokens is bounded`() {
        var cache = VerifiedTokenCache(capacity: 4)
        for number in 0..<10 as Range<UInt64> {
            cache.insert(.init(caller: Self.caller, isDevelopment: false), for: digest(number))
            cache.insert(.init(caller: Self.caller, isDevelopment: false), for: digest(number))
            #expect(cache.entry(for: digest(number), now: TokenForge.now) != nil)
        }
        #expect(cache.count <= 4)
    }

    @Test func `a token that nobody uses for two minutes is forgotten, one in use is not`() {
        var cache = VerifiedTokenCache(capacity: 100)
        var now = TokenForge.now
        _ = cache.entry(for: digest(1), now: now)
        for number in [1, 2] as [UInt64] {
            cache.insert(.init(caller: Self.caller, isDevelopment: false), for: digest(number))
        }
        for _ in 0..<3 {
            now = now + .seconds(61)
            #expect(cache.entry(for: digest(1), now: now) != nil)
        }
        #expect(cache.entry(for: digest(2), now: now) == nil)
        #expect(cache.count == 1)
    }
}
