import HTTPSClient
import Testing

@testable import Identity

@Suite("An issuer's document") struct IssuerDocumentTests {
    @Test(arguments: [
        ("https://login.example", "https://login.example/.well-known/openid-configuration"),
        ("https://login.example/", "https://login.example/.well-known/openid-configuration"),
        ("https://login.example:8443", "https://login.example:8443/.well-known/openid-configuration"),
        ("https://host/realms/x", "https://host/realms/x/.well-known/openid-configuration"),
        ("https://host/realms/x/", "https://host/realms/x/.well-known/openid-configuration"),
        ("https://host/realms/x//", "https://host/realms/x//.well-known/openid-configuration"),
        ("https://Login.Example/Tenant", "https://login.example/Tenant/.well-known/openid-configuration"),
        ("http://127.0.0.1:9000/a", "http://127.0.0.1:9000/a/.well-known/openid-configuration"),
        ("http://localhost:9000", "http://localhost:9000/.well-known/openid-configuration"),
        ("http://[::1]:9000/", "http://[::1]:9000/.well-known/openid-configuration"),
    ])
    func `it lies behind the issuer's path, whose last slash is left out`(issuer: String, place: String) throws {
        let address = try IssuerAddress(issuer)
        #expect(address.document.text == place)
        #expect(address.name == issuer)
    }

    @Test(arguments: [
        ("", .noURL), ("login.example", .noURL), ("ftp://login.example", .noURL), ("https://", .noURL),
        ("https://login.example/#x", .noURL), ("https://user@login.example", .noURL), ("urn:issuer", .noURL),
        ("https://login.example/ä", .noURL), ("http://login.example", .plainHTTP), ("http://10.0.0.1", .plainHTTP),
        ("https://login.example?x", .hasQuery), ("https://login.example/a?", .hasQuery),
        ("http://169.254.169.254", .metadataAddress), ("https://[fd00:ec2::254]/", .metadataAddress),
    ] as [(String, IssuerAddress.Fault)])
    func `an issuer that is not a web address of its own has none`(issuer: String, fault: IssuerAddress.Fault) {
        #expect(throws: fault) { try IssuerAddress(issuer) }
    }

    private func document(_ text: String, issuer: String = "https://login.example/a") throws -> IssuerDocument {
        try IssuerDocument(parsing: Array(text.utf8), of: IssuerAddress(issuer))
    }

    @Test(arguments: [
        ("https://login.example/keys", false), ("https://LOGIN.example:8443/keys", false), ("https://cdn.example/keys", true),
        ("https://login.example.evil.example/keys", true), ("http://localhost/keys", true), ("https://10.0.0.1/keys", true),
    ])
    func `the key set is where it says, on the issuer's host or elsewhere`(place: String, isElsewhere: Bool) throws {
        let found = try document(#"{"jwks_uri":"\#(place)","issuer":"https://login.example/a","x":[1.5,null]}"#)
        #expect(found.keySet.text.lowercased() == place.lowercased())
        #expect(found.isElsewhere == isElsewhere)
    }

    @Test(arguments: [
        "https://login.example/a/", "https://login.example", "HTTPS://login.example/a", "https://login.example:443/a",
        "https://login.example/A", " https://login.example/a", "https://login.example/%61",
    ])
    func `another issuer than the configured one is refused with both in the sentence`(said: String) {
        let error = #expect(throws: DiscoveryFault.issuerDiffers(said: said, expected: "https://login.example/a")) {
            try document(#"{"issuer":"\#(said)","jwks_uri":"https://login.example/keys"}"#)
        }
        #expect(error?.description.contains("'\(said)'") == true)
        #expect(error?.description.contains("'https://login.example/a'") == true)
    }

    @Test(arguments: ["{}", #"{"issuer":7}"#, #"{"issuer":null}"#, #"{"Issuer":"https://login.example/a"}"#])
    func `no issuer is another issuer`(text: String) {
        #expect(throws: DiscoveryFault.issuerDiffers(said: nil, expected: "https://login.example/a")) { try document(text) }
    }

    @Test(arguments: [
        ("", .malformed), ("<html>", .malformed), ("[]", .malformed), ("null", .malformed),
        (#"{"issuer":"https://login.example/a"} x"#, .malformed), ("\u{FEFF}{}", .malformed),
        (#"{"issuer":"https://login.example/a","issuer":"https://login.example/a"}"#, .malformed),
        (#"{"issuer":"https://login.example/a"}"#, .keySetMissing),
        (#"{"issuer":"https://login.example/a","jwks_uri":null}"#, .keySetMissing),
        (#"{"issuer":"https://login.example/a","jwks_uri":["https://login.example/keys"]}"#, .keySetMissing),
        (#"{"issuer":"https://login.example/a","jwks_uri":"http://login.example/k"}"#, .keySetUnusable("http://login.example/k")),
        (#"{"issuer":"https://login.example/a","jwks_uri":"/keys"}"#, .keySetUnusable("/keys")),
        (#"{"issuer":"https://login.example/a","jwks_uri":"file:///etc/keys"}"#, .keySetUnusable("file:///etc/keys")),
    ] as [(String, DiscoveryFault)])
    func `a document that names no key set gives none`(text: String, fault: DiscoveryFault) {
        #expect(throws: fault) { try document(text) }
    }

    @Test func `a sentence shows no more than a line of somebody else's text`() {
        let long = String(repeating: "x", count: 60_000)
        for fault: DiscoveryFault in [.issuerDiffers(said: long, expected: "i"), .keySetUnusable(long), .keySetPrivate(long)] {
            #expect(fault.description.count < 500)
        }
    }
}

@Suite("When keys are read again") struct KeyScheduleTests {
    /// Seconds until the first look that is due.
    private func seconds(_ schedule: inout KeySchedule) -> Int {
        var looks = 1
        while !schedule.isDue(sawUnknownKey: false), looks < 100_000 { looks += 1 }
        return looks * 5
    }

    @Test(arguments: [
        (nil, 300), (3600, 300), (300, 300), (60, 60), (12, 15), (0, 10), (-5, 10),
    ] as [(Int?, Int)])
    func `the issuer may ask for sooner than the operator's interval, down to 10 s`(fresh: Int?, expected: Int) {
        var schedule = KeySchedule(interval: .seconds(300), freshFor: fresh.map { .seconds($0) })
        let first = seconds(&schedule)
        schedule.didRead(freshFor: fresh.map { .seconds($0) })
        let second = seconds(&schedule)
        #expect([first, second] == [expected, expected])
    }

    @Test func `an unknown key makes the next look due, and that look alone`() {
        var schedule = KeySchedule(interval: .seconds(300), freshFor: nil)
        let isDue = schedule.isDue(sawUnknownKey: true)
        #expect(isDue)
        schedule.didRead(freshFor: nil)
        let next = seconds(&schedule)
        #expect(next == 300)
    }

    @Test func `failures are followed by growing waits up to the interval, a success ends them`() {
        var schedule = KeySchedule(interval: .seconds(100), freshFor: nil)
        var waits: [Int] = []
        for _ in 0..<6 {
            waits.append(seconds(&schedule))
            schedule.didFail()
        }
        schedule.didRead(freshFor: nil)
        waits.append(seconds(&schedule))
        schedule.didFail()
        waits.append(seconds(&schedule))
        #expect(waits == [100, 10, 20, 40, 80, 100, 100, 10])
    }
}
