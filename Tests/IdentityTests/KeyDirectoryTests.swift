import CryptoExtras
import DevelopmentIdentity
import DurableFile
import Foundation
import TelehealthModel
import Testing

@testable import Identity

@Suite("Published keys") struct KeyDirectoryTests {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "identity-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    @Test func `entries that are not for signing with an allowed algorithm are passed over`() async throws {
        let good = try TokenForge().jwk()
        var encryption = good
        encryption["use"] = "enc"
        encryption["kid"] = "enc"
        var published = good
        published["kid"] = "private"
        published["d"] = "AAAA"
        var nameless = good
        nameless["kid"] = nil
        var short = try TokenForge(.rs256(.init(keySize: .bits2048))).jwk()
        short["kid"] = "short"
        short["n"] = String((short["n"] as? String ?? "").prefix(170))
        var other = good
        other["kid"] = "other"
        other["alg"] = "ES384"
        let unknown: [String: Any] = ["kty": "quantum", "kid": "q"]
        // A coordinate without its leading zero, and a point that is not on the curve (RFC 7518 section 6.2.1).
        let offCurve: [[String: Any]] = [
            ["kid": "split", "x": String(repeating: "A", count: 42), "y": String(repeating: "A", count: 44)],
            ["kid": "off", "x": String(repeating: "A", count: 43), "y": String(repeating: "A", count: 43)],
        ].map { good.merging($0) { _, mine in mine } }
        // By its operations as by its use (RFC 7517 section 4.3).
        let operations: [[String]] = [["encrypt"], ["sign"], [], ["verify", "verify"]]
        let forOthers = operations.enumerated().map { number, names in
            var key = good
            key["kid"] = "operations-\(number)"
            key["use"] = nil
            key["key_ops"] = names
            return key
        }
        var good2 = good
        good2["key_ops"] = ["verify"]
        let keys = try VerificationKeys(
            jwks: TokenForge.set([unknown, encryption, published, nameless, short, other, good2] + forOthers + offCurve),
            issuer: "i", isDevelopment: false)
        #expect(keys.keys.keys.sorted() == ["k1"])
    }

    @Test func `two usable keys under one id are an error: which one counted would be chance`() async throws {
        #expect(throws: KeySetError.repeatedKeyID) {
            try VerificationKeys(
                jwks: TokenForge.set([TokenForge().jwk(), TokenForge().jwk()]), issuer: "i", isDevelopment: false)
        }
        // Ids that only look alike are two.
        var one = TokenForge()
        var other = TokenForge()
        (one.keyID, other.keyID) = ("K", "\u{212A}")
        let keys = try VerificationKeys(
            jwks: TokenForge.set([one.jwk(), other.jwk()]), issuer: "i", isDevelopment: false)
        #expect(keys.keys.count == 2)
    }

    @Test(arguments: [
        #"{"keys":[{"kty":"EC","kty":"EC"}]}"#, #"{"keys":[],"keys":[]}"#, "\u{FEFF}{\"keys\":[]}", #"{"keys":[]} x"#,
    ])
    func `a set with a repeated member, a byte order mark or text after it is malformed`(text: String) async {
        #expect(throws: KeySetError.malformed) {
            try VerificationKeys(jwks: Array(text.utf8), issuer: "i", isDevelopment: false)
        }
    }

    @Test func `a set without a usable key is an error, not an empty set`() async throws {
        #expect(throws: KeySetError.noUsableKey) {
            try VerificationKeys(jwks: Array(#"{"keys":[]}"#.utf8), issuer: "i", isDevelopment: false)
        }
        #expect(throws: KeySetError.malformed) {
            try VerificationKeys(jwks: Array("<html>".utf8), issuer: "i", isDevelopment: false)
        }
    }

    @Test func `a reload takes new keys from the file, a broken file leaves the old ones`() async throws {
        let path = folder + "/jwks.json"
        let first = TokenForge()
        var second = TokenForge()
        second.keyID = "k2"
        try Data(TokenForge.set([first.jwk()])).write(to: URL(fileURLWithPath: path))
        let verifier = TokenVerifier(policy: TokenPolicy(audience: "telehealth"))
        let directory = KeyDirectory(
            verifier: verifier, issuer: (TokenForge.issuer, .file(path)), development: nil)
        try await directory.reload()
        _ = try verifier.verify(first.token(), isLocal: false, now: TokenForge.now)
        #expect(throws: TokenError.keyUnknown) {
            try verifier.verify(second.token(), isLocal: false, now: TokenForge.now)
        }
        #expect(verifier.takeUnknownKeySighting())
        #expect(!verifier.takeUnknownKeySighting())
        try Data("{".utf8).write(to: URL(fileURLWithPath: path))
        await #expect(throws: KeySetError.malformed) { try await directory.reload() }
        _ = try verifier.verify(first.token(), isLocal: false, now: TokenForge.now)
        try Data(TokenForge.set([second.jwk()])).write(to: URL(fileURLWithPath: path))
        try await directory.reload()
        _ = try verifier.verify(second.token(), isLocal: false, now: TokenForge.now)
        #expect(throws: TokenError.keyUnknown) {
            try verifier.verify(first.token(), isLocal: false, now: TokenForge.now)
        }
    }

    @Test func `the development key is made once, is private, and signs tokens that verify`() async throws {
        let issuer = try DevelopmentIssuer(directory: folder, createIfAbsent: true)
        let again = try DevelopmentIssuer(directory: folder, createIfAbsent: true)
        let reader = try DevelopmentIssuer(directory: folder, createIfAbsent: false)
        #expect(issuer.publicKeySet == again.publicKeySet && issuer.publicKeySet == reader.publicKeySet)
        let path = folder + "/" + DevelopmentIssuer.fileName
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [DevelopmentIssuer.fileName])

        let verifier = TokenVerifier(policy: TokenPolicy(audience: "telehealth"))
        try await KeyDirectory(verifier: verifier, issuer: nil, development: issuer).reload()
        let token = try reader.token(
            .init(subject: "dana", role: .client, clientID: SubjectID("client-1"), actor: "portal"),
            now: TokenForge.now)
        let caller = try verifier.verify(token, isLocal: true, now: TokenForge.now)
        #expect(caller.clientID == SubjectID("client-1"))
        #expect(caller.actor == "portal")
        #expect(throws: TokenError.developmentOnly) {
            try verifier.verify(token, isLocal: false, now: TokenForge.now)
        }
    }

    @Test func `a development key that others may read is refused`() throws {
        _ = try DevelopmentIssuer(directory: folder, createIfAbsent: true)
        let path = folder + "/" + DevelopmentIssuer.fileName
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(throws: FileFailure(path, .openToOthers(mode: 0o644))) {
            try DevelopmentIssuer(directory: folder, createIfAbsent: true)
        }
    }

    @Test func `without the right to create it, an absent development key is an error`() {
        let path = folder + "/" + DevelopmentIssuer.fileName
        #expect(throws: FileFailure(path, .missing)) {
            try DevelopmentIssuer(directory: folder, createIfAbsent: false)
        }
    }
}
