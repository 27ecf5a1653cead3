import Foundation

/// A throw-away certificate authority in a directory of its own; keys are made when a test runs.
struct TestAuthority {
    struct Failed: Error { let arguments: [String] }

    let directory: URL
    var certificateFile: String { directory.appending(path: "ca.pem").path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "tls-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=Test Authority", "-keyout", path("ca.key"), "-out", certificateFile)
    }

    func remove() { try? FileManager.default.removeItem(at: directory) }

    /// - Parameter names: as openssl spells them, "DNS:clinic.test,URI:spiffe://clinic/desk".
    func issue(
        _ name: String, names: String, subject: String = "/O=Clinic/CN=server", days: Int = 2
    ) throws -> (chain: String, key: String) {
        let chain = path("\(name).pem")
        let key = path("\(name).key")
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
            "-keyout",
            key, "-out", path("\(name).csr"))
        try "subjectAltName=\(names)\n".write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
        try openssl(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", certificateFile, "-CAkey", path("ca.key"),
            "-CAcreateserial", "-days", "\(days)", "-extfile", path("\(name).ext"), "-out", chain)
        return (chain, key)
    }

    func path(_ name: String) -> String { directory.appending(path: name).path }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failed(arguments: arguments) }
    }
}
