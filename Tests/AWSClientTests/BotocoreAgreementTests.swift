import AWSClient
import Foundation
import HTTPSClient
import Testing

/// Runs `Tests/Interop/oracles/botocore_signatures.py` and signs what it signed.
@Suite("Agreement with botocore's signer") struct BotocoreAgreementTests {
    private struct Case: Decodable {
        var kind: String
        var method: String
        var endpoint: String
        var path: String
        var query: [[String]]
        var headers: [String: String]
        var body: String
        var access_key: String
        var secret: String
        var token: String?
        var region: String
        var service: String
        var unix: Int64
        var expires: Int
        var signature: String?
        var signed_url: String?
        var authorization: String?
        var content_hash: String?
    }

    private static let count = 1_000

    private static func cases(seed: Int) throws -> [Case] {
        let python = try #require(
            ProcessInfo.processInfo.environment["TELEHEALTH_TEST_PYTHON"],
            "set TELEHEALTH_TEST_PYTHON to a Python with botocore, or run tools/test, which does")
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [
            root.appendingPathComponent("Interop/oracles/botocore_signatures.py").path, "\(seed)", "\(count)",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let lines = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try lines.split(separator: 10).map { try JSONDecoder().decode(Case.self, from: $0) }
    }

    @Test("a thousand random requests get the same signature from both, in header and in query form")
    func agreement() throws {
        let seed =
            ProcessInfo.processInfo.environment["TELEHEALTH_TEST_SEED"].flatMap { Int($0) }
            ?? Int.random(in: 1...1_000_000)
        print("botocore agreement: TELEHEALTH_TEST_SEED=\(seed)")
        let cases = try Self.cases(seed: seed)
        try #require(cases.count == Self.count)
        var disagreements = 0
        for (index, signed) in cases.enumerated() where try !agrees(signed) {
            disagreements += 1
            if disagreements <= 3 { Issue.record("seed \(seed), case \(index): \(signed)") }
        }
        #expect(disagreements == 0)
        #expect(Set(cases.map(\.kind)).count == 4)
    }

    private func agrees(_ expected: Case) throws -> Bool {
        let signer = RequestSigner(
            region: expected.region, service: expected.service,
            dialect: expected.kind.hasPrefix("s3") ? .s3 : .standard)
        let credentials = AWSCredentials(
            accessKeyID: expected.access_key, secretAccessKey: expected.secret, sessionToken: expected.token)
        let request = AWSRequest(
            try #require(HTTPSRequest.Method(rawValue: expected.method)), try HTTPSURL(expected.endpoint),
            path: expected.path, query: expected.query.map { .init($0[0], $0[1]) },
            headers: HTTPHeaders(expected.headers.map { .init(name: $0.key, value: $0.value) }),
            body: Array(expected.body.utf8))
        if let signature = expected.signature {
            let url = signer.presignedURL(
                request, with: credentials, at: expected.unix, validitySeconds: expected.expires)
            return url.hasSuffix("&X-Amz-Signature=" + signature)
                && parameters(of: url) == parameters(of: expected.signed_url ?? "")
        }
        let result = signer.signed(request, with: credentials, at: expected.unix)
        return result.headers["Authorization"] == expected.authorization
            && result.headers["X-Amz-Content-SHA256"] == expected.content_hash
            && result.headers["X-Amz-Security-Token"] == expected.token
    }

    /// The query's parts in any order.
    private func parameters(of url: String) -> [Substring] {
        (url.split(separator: "?", maxSplits: 1).last ?? "").split(separator: "&").sorted()
    }
}
