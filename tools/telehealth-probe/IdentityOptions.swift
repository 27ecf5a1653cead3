internal import ArgumentParser
internal import DevelopmentIdentity
internal import FoundationEssentials
internal import TelehealthModel
internal import TextFormats

/// The identity of the calls.
struct IdentityOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help:
            "Create a development token with this role: \(Role.allCases.filter { $0 != .guest }.map(\.rawValue).joined(separator: ", "))."
    )
    var role: String?

    @Option(
        help:
            "The patient's id in the development token (with --as client, or with --as service on the patient's behalf)."
    )
    var clientID: String?

    @Option(help: "The clinician's id in the development token.")
    var clinicianID: String?

    @Option(help: "File with a bearer token.")
    var tokenFile: String?

    @Option(
        help:
            "The service's data directory, with the development key. Default: TELEHEALTH_DATA_DIR, else ./data."
    )
    var dataDir: String?

    /// The token to send; nil if none was requested.
    ///
    /// - Throws: a usage failure, also when the token would leave this machine in plain text.
    func token(for target: TargetOptions) throws -> String? {
        if let tokenFile {
            try target.requirePrivacy(forTokenOf: "--token-file")
            guard let bytes = FileManager.default.contents(atPath: tokenFile) else {
                throw ProbeFailure.usage("cannot read the token in \(tokenFile)")
            }
            return String(decoding: Array(bytes).withoutByteOrderMark, as: UTF8.self)
                .trimmed(where: \.isWhitespace)
        }
        if let role {
            try target.requirePrivacy(forTokenOf: "--as")
            guard let role = Role(rawValue: role) else {
                throw ProbeFailure.usage(
                    "unknown role '\(role)': must be one of \(Role.allCases.filter { $0 != .guest }.map(\.rawValue))"
                )
            }
            return try DevelopmentTokens(directory: dataDir).token(
                role, client: clientID, clinician: clinicianID)
        }
        guard let token = ProcessInfo.processInfo.environment["TELEHEALTH_TOKEN"], !token.isEmpty else { return nil }
        try target.requirePrivacy(forTokenOf: "TELEHEALTH_TOKEN")
        return token
    }
}

/// Creates tokens with the development key of a data directory on this machine.
struct DevelopmentTokens {
    private let issuer: DevelopmentIssuer

    init(directory: String?) throws {
        let directory = directory ?? ProcessInfo.processInfo.environment["TELEHEALTH_DATA_DIR"] ?? "data"
        do {
            issuer = try DevelopmentIssuer(directory: directory, createIfAbsent: false)
        } catch {
            throw ProbeFailure.usage(
                """
                no development key in \(directory) (\(error)).
                The service creates one at its first start; give its data directory with --data-dir, or a token with \
                --token-file.
                """)
        }
    }

    func token(
        _ role: Role, subject: String? = nil, client: String? = nil, clinician: String? = nil,
        actor: String? = nil,
        lifetime: Duration = .seconds(3600)
    ) throws -> String {
        if role == .client, client == nil { throw ProbeFailure.usage("--as client needs --client-id") }
        if role == .clinician, clinician == nil {
            throw ProbeFailure.usage("--as clinician needs --clinician-id")
        }
        let request = DevelopmentIssuer.TokenRequest(
            subject: Subject(subject ?? client ?? clinician ?? role.rawValue), role: role,
            clientID: client.map { SubjectID($0) }, clinicianID: clinician.map { SubjectID($0) },
            actor: actor.map { Subject($0) },
            lifetime: lifetime)
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        do {
            return try issuer.token(request, now: now)
        } catch {
            throw ProbeFailure.usage("cannot sign with the development key: \(error)")
        }
    }
}
