internal import Crypto
internal import DurableFile
internal import FoundationEssentials
public import HTTPSClient
public import TelehealthModel
internal import TextFormats

/// A target's URL, and the secret by which it recognizes our messages.
public struct WebhookEndpoint: Sendable {
    public let name: String
    public let url: HTTPSURL
    /// The kinds of events to deliver; empty for all.
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
        guard isName else {
            throw WebhookConfigurationError("invalid target name '\(name)': must be 1 to 32 of a-z 0-9 -")
        }
        guard let url = try? HTTPSURL(text) else {
            throw WebhookConfigurationError("\(name): the URL must be an https URL")
        }
        let isAllowed =
            url.hostKind == .other && url.scheme == .https || url.hostKind == .loopback && mayBeLoopback
        guard isAllowed else {
            throw WebhookConfigurationError(
                "\(name): the URL must be https and must not be an address of this machine or its network")
        }
        guard secret.count >= 32 else {
            throw WebhookConfigurationError("\(name): the secret must have at least 32 bytes")
        }
        self.name = name
        self.url = url
        self.kinds = kinds
        self.secret = SymmetricKey(data: secret)
    }
}

/// Why the targets cannot be used: a sentence for the operator, without secrets.
public struct WebhookConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// The file that lists the targets: events are delivered to no others.
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
            throw WebhookConfigurationError("\(path): must be a JSON list of webhook targets")
        }
        guard document.targets.count <= targetsMax,
            Set(document.targets.map(\.name)).count == document.targets.count
        else { throw WebhookConfigurationError("\(path): names a target twice, or more than \(targetsMax) targets") }
        var endpoints: [WebhookEndpoint] = []
        for target in document.targets {
            let kinds = try (target.kinds ?? []).map { word throws(WebhookConfigurationError) in
                guard let kind = SessionEvent.Kind.allCases.first(where: { wireName($0) == word }) else {
                    throw WebhookConfigurationError("\(target.name): unknown event \(word)")
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

    /// A misspelled `kinds` would deliver every event to a target.
    private static func refuseUnknownMembers(_ bytes: [UInt8], _ path: String) throws(WebhookConfigurationError) {
        guard let document = try? JSONText(parsing: bytes), case .object(let root) = document else {
            throw WebhookConfigurationError("\(path): must be a JSON list of webhook targets")
        }
        var unknown = root.keys.filter { $0 != "targets" }
        if case .array(let targets)? = root["targets"] {
            let known: Set = ["name", "url", "secret_file", "kinds"]
            for case .object(let members) in targets { unknown += members.keys.filter { !known.contains($0) } }
        }
        if let name = unknown.min() { throw WebhookConfigurationError("\(path): unknown member '\(name)'") }
    }

    /// An editor's newline at the end is not part of a secret.
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
