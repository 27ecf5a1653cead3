import Foundation
import HTTPSClient
import Testing

@Suite("HTTPS client and certificates") struct TLSTests {
    /// `openssl s_server` with a key made for the test; ends with the value.
    private final class TLSServer {
        let certificateFile: String
        let port: Int
        private let process = Process()
        private let folder: String

        init(hostName: String) throws {
            folder = NSTemporaryDirectory() + "telehealth-tls-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            certificateFile = folder + "/certificate.pem"
            let make = Process()
            make.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            make.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days", "2", "-subj", "/CN=\(hostName)", "-addext", "subjectAltName=DNS:\(hostName)",
                "-keyout",
                folder + "/key.pem", "-out", certificateFile,
            ]
            make.standardError = FileHandle.nullDevice
            try make.run()
            make.waitUntilExit()
            // Port 0: the program prints the one it was given.
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "8", "-www", "-cert",
                certificateFile,
                "-key", folder + "/key.pem",
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            var text = ""
            while !text.contains("ACCEPT"), let chunk = try output.fileHandleForReading.read(upToCount: 1),
                !chunk.isEmpty
            {
                text += String(decoding: chunk, as: UTF8.self)
                if text.contains("ACCEPT"), !text.hasSuffix("\n") {
                    while let next = try output.fileHandleForReading.read(upToCount: 1), next != Data([10]) {
                        text += String(decoding: next, as: UTF8.self)
                    }
                }
            }
            let digits = text.split(separator: ":").last.map { $0.prefix { $0.isNumber } }
            port = try #require(digits.flatMap { Int($0) }, "s_server said: \(text)")
        }

        deinit {
            // Not SIGTERM: the test's threads block signals, and the child inherits that.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private func status(_ server: TLSServer, host: String, isTrusted: Bool) async throws -> Int {
        var configuration = HTTPSClient.Configuration()
        if isTrusted { configuration.authoritiesFile = server.certificateFile }
        let client = try HTTPSClient(configuration: configuration)
        return try await client.send(
            HTTPSRequest(.get, HTTPSURL("https://\(host):\(server.port)/"), deadline: .now + .seconds(20))
        ).status
    }

    @Test("a trusted certificate for the right name is accepted")
    func trusted() async throws {
        let server = try TLSServer(hostName: "localhost")
        #expect(try await status(server, host: "localhost", isTrusted: true) == 200)
    }

    @Test("an unknown authority is refused before anything is sent")
    func unknownAuthority() async throws {
        let server = try TLSServer(hostName: "localhost")
        let error = await #expect(throws: HTTPSError.self) {
            try await status(server, host: "localhost", isTrusted: false)
        }
        #expect(error == HTTPSError(.transport(curlCode: 60), phase: .connecting))
    }

    @Test("a trusted certificate for another name is refused")
    func wrongName() async throws {
        let server = try TLSServer(hostName: "somebody.else")
        let error = await #expect(throws: HTTPSError.self) {
            try await status(server, host: "localhost", isTrusted: true)
        }
        #expect(error == HTTPSError(.transport(curlCode: 60), phase: .connecting))
    }
}
