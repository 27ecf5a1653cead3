import AWSClient
import Foundation
import Testing

/// Runs `Tests/Interop/oracles/botocore_cloudfront.py` and signs what it signed.
@Suite("Agreement with botocore's CloudFront signer") struct CloudFrontAgreementTests {
    private struct Key: Decodable { var pem: String }
    private struct Case: Decodable {
        var kind: String
        var url: String
        var key_id: String
        var expires: Int64
        var not_before: Int64?
        var source: String?
        var signed: String
    }

    private static let count = 300

    @Test("random addresses get the same bytes from both, with canned and custom policies")
    func agreement() throws {
        let seed =
            ProcessInfo.processInfo.environment["TELEHEALTH_TEST_SEED"].flatMap { Int($0) }
            ?? Int.random(in: 1...1_000_000)
        print("CloudFront agreement: TELEHEALTH_TEST_SEED=\(seed)")
        let python = try #require(
            ProcessInfo.processInfo.environment["TELEHEALTH_TEST_PYTHON"],
            "set TELEHEALTH_TEST_PYTHON to a Python with botocore, or run tools/test, which does")
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [
            root.appendingPathComponent("Interop/oracles/botocore_cloudfront.py").path, "\(seed)", "\(Self.count)",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let lines = try (output.fileHandleForReading.readToEnd() ?? Data()).split(separator: 10)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0 && lines.count == Self.count + 1)
        let pem = try JSONDecoder().decode(Key.self, from: lines[0]).pem
        let cases = try lines.dropFirst().map { try JSONDecoder().decode(Case.self, from: $0) }
        for expected in cases {
            let signer = try CloudFrontSigner(keyPairID: expected.key_id, privateKeyPEM: pem)
            let isCustom = expected.kind == "custom"
            let url = try signer.signedURL(
                expected.url, expiresAt: expected.expires,
                restrictions: isCustom
                    ? .init(notBefore: expected.not_before, sourceAddress: expected.source) : nil)
            try #require(url == expected.signed, "seed \(seed)")
        }
        #expect(Set(cases.map(\.kind)) == ["canned", "custom"])
    }

    @Test("a key that is none is refused by name, and so is an id that is none")
    func refusals() {
        #expect(throws: CloudFrontSigner.KeyError.unreadable) {
            try CloudFrontSigner(keyPairID: "K1", privateKeyPEM: "-----BEGIN PRIVATE KEY-----")
        }
        for id in ["", "K 1", "K&Policy=x", String(repeating: "K", count: 65)] {
            #expect(throws: CloudFrontSigner.KeyError.keyPairID) {
                try CloudFrontSigner(keyPairID: id, privateKeyPEM: "")
            }
        }
    }
}
