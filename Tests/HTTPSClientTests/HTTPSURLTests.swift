import HTTPSClient
import Testing

@Suite("HTTPS addresses") struct HTTPSURLTests {
    @Test(
        "an address is taken apart",
        arguments: [
            (
                "https://Meetings-Chime.us-east-1.amazonaws.com/meetings?a=b",
                "meetings-chime.us-east-1.amazonaws.com", 443, "/meetings?a=b"
            ),
            ("https://host", "host", 443, "/"),
            ("https://host?x=1", "host", 443, "/?x=1"),
            ("http://localhost:8080/a", "localhost", 8080, "/a"),
            ("http://127.0.0.1:1/", "127.0.0.1", 1, "/"),
            ("https://[2001:DB8::1]:8443/%41..", "2001:db8::1", 8443, "/%41.."),
            ("HTTPS://host:443/", "host", 443, "/"),
        ])
    func parts(text: String, host: String, port: Int, target: String) throws {
        let url = try HTTPSURL(text)
        #expect(url.host == host)
        #expect(Int(url.port) == port)
        #expect(url.target == target)
    }

    @Test(
        "what two parsers could read differently is refused",
        arguments: [
            "", "host", "ftp://host/", "https:/host", "https:///path", "https://user@host/",
            "https://user:pw@host/",
            "https://host\\@evil/", "https://host#@evil/", "https://ho st/", "https://host/\r\nX: y",
            "https://host:0/",
            "https://host:65536/", "https://host:+80/", "https://host:/", "https://[::1/",
            "https://[fe80::1%25eth0]/",
            "https://[127.0.0.1]/", "https://2130706433/", "https://127.1/", "https://0x7f000001/",
            "https://0177.0.0.1/", "https://evil.0x7f/", "https://host/é", "https://hostüber/",
        ])
    func refused(text: String) {
        #expect(throws: HTTPSError(.invalidURL)) { try HTTPSURL(text) }
    }

    @Test(
        "plain http is for loopback and metadata addresses alone",
        arguments: [
            ("http://127.0.0.1/", HTTPSURL.HostKind.loopback), ("http://127.9.9.9/", .loopback),
            ("http://localhost/", .loopback), ("http://[::1]/", .loopback),
            ("http://[::ffff:127.0.0.1]/", .loopback),
            ("http://169.254.169.254/", .instanceMetadata), ("http://169.254.170.2/", .instanceMetadata),
            ("http://[fd00:ec2::254]/", .instanceMetadata), ("http://[fe80::1]/", .instanceMetadata),
            ("http://[::ffff:169.254.169.254]/", .instanceMetadata),
        ])
    func plainHTTP(text: String, kind: HTTPSURL.HostKind) throws {
        #expect(try HTTPSURL(text).hostKind == kind)
    }

    @Test(
        "plain http to anywhere else is refused",
        arguments: [
            "http://example.org/", "http://10.0.0.1/", "http://128.0.0.1/", "http://localhost.example.org/",
            "http://[2001:db8::1]/", "http://[::2]/", "http://127.0.0.1.example.org/",
        ])
    func plainHTTPElsewhere(text: String) {
        #expect(throws: HTTPSError(.plainHTTPRefused)) { try HTTPSURL(text) }
    }

    @Test("the authority leaves out a default port and puts IPv6 in brackets")
    func authority() throws {
        #expect(try HTTPSURL("https://host:443/").authority == "host")
        #expect(try HTTPSURL("https://host:444/").authority == "host:444")
        #expect(try HTTPSURL("http://[::1]:80/").authority == "[::1]")
        #expect(try HTTPSURL("http://[::1]:81/a?b").text == "http://[::1]:81/a?b")
    }
}
