internal import Crypto
internal import DurableFile
internal import FoundationEssentials
public import HTTPSClient
public import TelehealthModel
internal import TextFormats

/// Where a target is and how it knows that a message is ours.
public struct WebhookEndpoint: Sendable {
    public let name: String
    public let url: HTTPSURL
    /// What it is told; empty = everything.
    public let kinds: Set<SessionEvent.Kind>
    let secret: SymmetricKey

    public var target: WebhookTarget { WebhookTarget(name: name, kinds: kinds) }

    /// - Parameter secret: at least 32 bytes.
    /// - Throws: ``WebhookConfigurationError``.
    public init(
        name: String, url text: String, kinds: Set<SessionEvent.Kind> = [], secret: [UInt8],
        mayBeLoopback: Bool
    ) throws(WebhookConfigurationError) {
        let isName =
            (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || $0 == UInt8(ascii: "-")
            }
        guard isName else { throw WebhookConfigurationError("'\(name)' is no name: 1 to 32 of a-z 0-9 -") }
        guard let url = try? HTTPSURL(text) else {
            throw WebhookConfigurationError("\(name): is no https URL")
        }
        let isAllowed =
            url.hostKind == .other && url.scheme == .https || url.hostKind == .loopback && mayBeLoopback
        guard isAllowed else {
            throw WebhookConfigurationError(
                "\(name): must be https and no address of this machine or its network")
        }
        guard secret.count >= 32 else {
            throw WebhookConfigurationError("\(name): its secret needs 32 bytes at least")
        }
        self.name = name
        self.url = url
        self.kinds = kinds
        self.secret = SymmetricKey(data: secret)
    }
}

/// Why the targets cannot be used: a sentence for the operator, no secret in it.
public struct WebhookConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// The file that allows targets: nobody else is ever told anything.
///
///     {"targets": [{"name": "records", "url": "https://records.clinic.example/visits",
///                   "secret_file": "/etc/telehealth/records.secret", "kinds": ["STATUS_CHANGED"]}]}
public enum WebhookFile {
    private static let bytesMax = 64 * 1024
    /// A clinic has a handful; each one costs a row per event.
    private static let targetsMax = 16

    private struct Document: Decodable {
        struct Target: Decodable {
            var name: String
            var url: String
            var secretFile: String
            var kinds: [String]?

            enum CodingKeys: String, CodingKey {
                case name, url, kinds
                case secretFile = "secret_file"
            }
        }
        var targets: [Target]
    }

    public static func read(_ path: String, mayBeLoopback: Bool) throws(WebhookConfigurationError)
        -> [WebhookEndpoint]
    {
        let bytes = Array(try contents(of: path, .open).withoutByteOrderMark)
        try refuseUnknownMembers(bytes, path)
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)) else {
            throw WebhookConfigurationError("\(path) is no list of webhook targets")
        }
        guard document.targets.count <= targetsMax,
            Set(document.targets.map(\.name)).count == document.targets.count
        else { throw WebhookConfigurationError("\(path) names a target twice, or more than \(targetsMax)") }
        var endpoints: [WebhookEndpoint] = []
        for target in document.targets {
            let kinds = try (target.kinds ?? []).map { word throws(WebhookConfigurationError) in
                guard let kind = SessionEvent.Kind.allCases.first(where: { wireName($0) == word }) else {
                    throw WebhookConfigurationError("\(target.name): there is no event \(word)")
                }
                return kind
            }
            endpoints.append(
                try WebhookEndpoint(
                    name: target.name, url: target.url, kinds: Set(kinds),
                    secret: trimmed(try contents(of: target.secretFile, .secret)),
                    mayBeLoopback: mayBeLoopback))
        }
        return endpoints
    }

    /// A misspelt `kinds` would tell a target of everything.
    private static func refuseUnknownMembers(_ bytes: [UInt8], _ path: String) throws(WebhookConfigurationError) {
        guard let document = try? JSONText(parsing: bytes), case .object(let root) = document else {
            throw WebhookConfigurationError("\(path) is no list of webhook targets")
        }
        var unknown = root.keys.filter { $0 != "targets" }
        if case .array(let targets)? = root["targets"] {
            let known: Set = ["name", "url", "secret_file", "kinds"]
            for case .object(let members) in targets { unknown += members.keys.filter { !known.contains($0) } }
        }
        if let name = unknown.min() { throw WebhookConfigurationError("\(path): there is no member '\(name)'") }
    }

    /// An editor's newline at the end is no part of a secret.
    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        while let last = rest.last, last == 0x0a || last == 0x0d { rest.removeLast() }
        return Array(rest)
    }

    private static func contents(
        of path: String, _ secrecy: SmallFile.Secrecy
    ) throws(WebhookConfigurationError) -> [UInt8] {
        do throws(FileFailure) { return try SmallFile.read(path, bytesMax: bytesMax, secrecy) } catch {
            throw WebhookConfigurationError("\(error)")
        }
    }
}
