import Foundation
import HTTPSClient
import LoopbackHTTP
import Synchronization
import Testing

@testable import Identity

/// A live issuer on loopback: a document, and key sets in several places.
@Suite("Keys by an issuer's document") struct DiscoveredKeysTests {
    private static let documentPlace = "/realms/x/.well-known/openid-configuration"

    private final class Replies: Sendable {
        let byPlace = Mutex<[String: ScriptedServer.Reply]>([:])
    }

    private struct Issuer {
        let replies: Replies
        let server: ScriptedServer
        let verifier: TokenVerifier
        let directory: KeyDirectory
        var name: String { "\(server.base)/realms/x" }

        func put(_ reply: ScriptedServer.Reply, at place: String = DiscoveredKeysTests.documentPlace) {
            replies.byPlace.withLock { $0[place] = reply }
        }

        /// - Parameter keySet: a path of this server, or a whole address.
        func putDocument(issuer: String? = nil, keySet: String, headers: [String: String] = [:]) {
            let address = keySet.hasPrefix("/") ? server.base + keySet : keySet
            let body = #"{"issuer":"\#(issuer ?? name)","jwks_uri":"\#(address)"}"#
            put(.answer(status: 200, headers: headers, body: body))
        }

        func putKeys(_ keys: [TokenForge], at place: String) throws {
            let body = String(decoding: try TokenForge.set(keys.map { try $0.jwk() }), as: UTF8.self)
            put(.answer(status: 200, body: body), at: place)
        }

        /// What is said to a token that this key signed.
        func word(on key: TokenForge) throws -> String {
            var forge = key
            forge.claims["iss"] = name
            let token = try forge.token()
            do throws(TokenError) {
                _ = try verifier.verify(token, isLocal: false, now: TokenForge.now)
                return "OK"
            } catch {
                return error.reason
            }
        }

        func asked(_ place: String = DiscoveredKeysTests.documentPlace) -> Int { server.requests.count { $0.target == place } }
    }

    private func withIssuer(_ body: (Issuer) async throws -> Void) async throws {
        let replies = Replies()
        let server = ScriptedServer { request in
            replies.byPlace.withLock { $0[request.target] } ?? .answer(status: 404)
        }
        let client = try HTTPSClient(configuration: .init())
        let verifier = TokenVerifier(policy: TokenPolicy(audience: "telehealth"))
        let name = "\(server.base)/realms/x"
        let directory = KeyDirectory(
            verifier: verifier, issuer: (name, .discovery(try IssuerAddress(name))), development: nil, client: client)
        try await body(Issuer(replies: replies, server: server, verifier: verifier, directory: directory))
        client.shutdown()
        server.stop()
    }

    private static func key(_ id: String) -> TokenForge {
        var forge = TokenForge()
        forge.keyID = id
        return forge
    }

    @Test func `the keys are those of the place that the document names, and a new place is followed`() async throws {
        try await withIssuer { issuer in
            let (first, second) = (Self.key("k1"), Self.key("k2"))
            try issuer.putKeys([first], at: "/keys")
            try issuer.putKeys([second], at: "/moved")
            issuer.putDocument(keySet: "/keys")
            #expect(try await issuer.directory.reload() == nil)
            #expect(try issuer.word(on: first) == "OK")
            issuer.putDocument(keySet: "/moved")
            #expect(try await issuer.directory.reload(anew: false) == nil)
            #expect(try issuer.word(on: first) == "TOKEN_KEY_UNKNOWN")
            #expect(try issuer.word(on: second) == "OK")
        }
    }

    @Test func `a document that holds for an hour is not asked for again, unless there is a reason to`() async throws {
        try await withIssuer { issuer in
            let (first, second) = (Self.key("k1"), Self.key("k2"))
            try issuer.putKeys([first], at: "/keys")
            issuer.putDocument(keySet: "/keys", headers: ["Cache-Control": "public, max-age=3600"])
            for _ in 0..<3 { try await issuer.directory.reload(anew: false) }
            #expect(issuer.asked() == 1)
            #expect(issuer.asked("/keys") == 3)
            try await issuer.directory.reload(anew: true)
            #expect(issuer.asked() == 2)
            // The old place is gone: that is a reason.
            issuer.put(.answer(status: 404), at: "/keys")
            try issuer.putKeys([second], at: "/moved")
            issuer.putDocument(keySet: "/moved", headers: ["Cache-Control": "max-age=3600"])
            #expect(try await issuer.directory.reload(anew: false) == nil)
            #expect(try issuer.word(on: second) == "OK")
        }
    }

    @Test(arguments: [nil, "no-store", "no-cache", "max-age=0", "max-age=60, max-age=600"])
    func `a document that says nothing of its age, or holds for no time, is read with every set`(control: String?) async throws {
        try await withIssuer { issuer in
            try issuer.putKeys([Self.key("k1")], at: "/keys")
            issuer.putDocument(keySet: "/keys", headers: control.map { ["Cache-Control": $0] } ?? [:])
            for _ in 0..<2 { try await issuer.directory.reload(anew: false) }
            #expect(issuer.asked() == 2)
        }
    }

    static let badDocuments: [(ScriptedServer.Reply, String)] = [
        (.answer(status: 500), "status_500"), (.answer(status: 404), "status_404"),
        (.answer(status: 302, headers: ["Location": "/keys"]), "redirects are not followed"),
        (.answer(status: 200, body: "<html>"), "JSON"), (.hangUp, "transport"),
        (.answer(status: 200, body: String(repeating: " ", count: 70_000)), "response_too_large"),
        (.answer(status: 200, body: #"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/k"}"#), "evil.example"),
    ]

    @Test(arguments: badDocuments)
    func `a document that cannot be used gives no keys at the start`(reply: ScriptedServer.Reply, word: String) async throws {
        try await withIssuer { issuer in
            try issuer.putKeys([Self.key("k1")], at: "/keys")
            issuer.put(reply)
            let error = await #expect(throws: KeySetError.self) { try await issuer.directory.reload() }
            #expect(error?.description.contains(word) == true, "\(String(describing: error))")
            #expect(try issuer.word(on: Self.key("k1")) == "TOKEN_KEY_UNKNOWN")
        }
    }

    @Test(arguments: badDocuments)
    func `later the last good one stays, and keys are still read where it says`(
        reply: ScriptedServer.Reply, word: String
    ) async throws {
        try await withIssuer { issuer in
            let (first, second) = (Self.key("k1"), Self.key("k2"))
            try issuer.putKeys([first], at: "/keys")
            issuer.putDocument(keySet: "/keys")
            try await issuer.directory.reload()
            issuer.put(reply)
            try issuer.putKeys([second], at: "/keys")
            let doubt = try await issuer.directory.reload()
            #expect(doubt?.description.contains(word) == true, "\(String(describing: doubt))")
            #expect(try issuer.word(on: second) == "OK")
            // All of it down: the keys stay.
            issuer.put(.answer(status: 503), at: "/keys")
            let error = await #expect(throws: KeySetError.self) { try await issuer.directory.reload() }
            #expect(error == doubt)
            #expect(try issuer.word(on: second) == "OK")
        }
    }

    @Test func `a new place without good keys changes nothing, and is left when the document says so`() async throws {
        try await withIssuer { issuer in
            let first = Self.key("k1")
            try issuer.putKeys([first], at: "/keys")
            issuer.putDocument(keySet: "/keys")
            try await issuer.directory.reload()
            issuer.putDocument(keySet: "/moved")
            issuer.put(.answer(status: 200, body: #"{"keys":[]}"#), at: "/moved")
            await #expect(throws: KeySetError.noUsableKey) { try await issuer.directory.reload() }
            #expect(try issuer.word(on: first) == "OK")
            issuer.putDocument(keySet: "/keys")
            #expect(try await issuer.directory.reload() == nil)
            #expect(try issuer.word(on: first) == "OK")
        }
    }

    @Test(arguments: ["http://localhost", "http://127.0.0.2", "https://10.0.0.1", "https://[fd12:3456::1]", "http://169.254.169.254"])
    func `a key set on another host that is not public is not read, also not with the issuer's port`(host: String) async throws {
        try await withIssuer { issuer in
            try issuer.putKeys([Self.key("k1")], at: "/keys")
            let place = "\(host):\(issuer.server.port)/keys"
            issuer.putDocument(keySet: place)
            await #expect(throws: KeySetError.discovery(.keySetPrivate(place))) { try await issuer.directory.reload() }
            #expect(issuer.asked("/keys") == 0)
        }
    }

    @Test func `the same keys read again leave verified tokens verified`() async throws {
        try await withIssuer { issuer in
            let first = Self.key("k1")
            try issuer.putKeys([first], at: "/keys")
            issuer.putDocument(keySet: "/keys")
            try await issuer.directory.reload()
            var forge = first
            forge.claims["iss"] = issuer.name
            let token = try forge.token()
            _ = try issuer.verifier.verify(token, isLocal: false, now: TokenForge.now)
            try await issuer.directory.reload()
            #expect(issuer.verifier.known(token, isLocal: false, now: TokenForge.now) != nil)
            try issuer.putKeys([first, Self.key("k2")], at: "/keys")
            try await issuer.directory.reload()
            #expect(issuer.verifier.known(token, isLocal: false, now: TokenForge.now) == nil)
        }
    }
}
