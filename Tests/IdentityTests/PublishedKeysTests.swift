import Foundation
import HTTPSClient
import LoopbackHTTP
import Synchronization
import Testing

@testable import Identity

/// A live server on loopback that publishes whatever key set is in it.
@Suite("Keys behind a URL") struct PublishedKeysTests {
    private final class Published: Sendable {
        let reply = Mutex<ScriptedServer.Reply>(.silence)
        func put(_ keys: [TokenForge]) throws {
            let body = String(decoding: try TokenForge.set(keys.map { try $0.jwk() }), as: UTF8.self)
            reply.withLock { $0 = .answer(status: 200, body: body) }
        }
    }

    private func withIssuer(
        _ body: (Published, KeyDirectory, TokenVerifier) async throws -> Void
    ) async throws {
        let published = Published()
        let server = ScriptedServer { _ in published.reply.withLock { $0 } }
        let client = try HTTPSClient(configuration: .init())
        let verifier = TokenVerifier(policy: TokenPolicy(audience: "telehealth"))
        let directory = KeyDirectory(
            verifier: verifier,
            issuer: (TokenForge.issuer, .url("http://127.0.0.1:\(server.port)/.well-known/jwks.json")),
            development: nil, client: client)
        try await body(published, directory, verifier)
        client.shutdown()
        server.stop()
    }

    @Test("a rotation at the issuer: overlap, then the old key is gone, and its tokens with it")
    func rotates() async throws {
        try await withIssuer { published, directory, verifier in
            let first = TokenForge()
            var second = TokenForge()
            second.keyID = "k2"
            try published.put([first])
            try await directory.reload()
            _ = try verifier.verify(first.token(), isLocal: false, now: TokenForge.now)
            try published.put([first, second])
            // Before the reload the new key is unknown; the sighting is what hastens the reload.
            #expect(throws: TokenError.keyUnknown) {
                try verifier.verify(second.token(), isLocal: false, now: TokenForge.now)
            }
            #expect(verifier.takeUnknownKeySighting())
            try await directory.reload()
            _ = try verifier.verify(first.token(), isLocal: false, now: TokenForge.now)
            _ = try verifier.verify(second.token(), isLocal: false, now: TokenForge.now)
            try published.put([second])
            try await directory.reload()
            #expect(throws: TokenError.keyUnknown) {
                try verifier.verify(first.token(), isLocal: false, now: TokenForge.now)
            }
        }
    }

    @Test(
        "an issuer that answers wrongly changes nothing: the old keys stay",
        arguments: [
            (ScriptedServer.Reply.answer(status: 500), "status_500"),
            (.answer(status: 302, headers: ["Location": "/x"]), "status_302, and redirects are not followed"),
            (.answer(status: 200, body: "<html>"), nil), (.answer(status: 200, body: "{\"keys\":[]}"), nil),
            (.hangUp, nil), (.answer(status: 200, body: String(repeating: " ", count: 300_000)), nil),
        ] as [(ScriptedServer.Reply, String?)])
    func keepsOldKeys(_ reply: ScriptedServer.Reply, label: String?) async throws {
        try await withIssuer { published, directory, verifier in
            let forge = TokenForge()
            try published.put([forge])
            try await directory.reload()
            published.reply.withLock { $0 = reply }
            let error = await #expect(throws: KeySetError.self) { try await directory.reload() }
            if let label { #expect(error?.description.hasSuffix(": " + label) == true) }
            _ = try verifier.verify(forge.token(), isLocal: false, now: TokenForge.now)
        }
    }
}
