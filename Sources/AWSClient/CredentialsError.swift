public import HTTPSClient

/// Why there are no credentials. Contains names of sources and settings, never their values.
public enum CredentialsError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Source: String, Hashable, Sendable {
        case environment
        case webIdentity = "web identity (STS)"
        case container = "container endpoint"
        case instance = "instance metadata (IMDSv2)"
    }

    /// No source is configured and the machine has no role.
    case notFound
    /// A setting with an invalid value: its name.
    case misconfigured(Source, setting: String)
    case unreachable(Source, HTTPSError)
    case refused(Source, status: Int)
    /// The response is not as the source documents it.
    case malformed(Source)

    public var description: String {
        switch self {
        case .notFound:
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                + "or run with a web identity, container or instance role"
        case .misconfigured(let source, let setting):
            "AWS credentials from \(source.rawValue): invalid \(setting)"
        case .unreachable(let source, let error): "AWS credentials from \(source.rawValue): \(error)"
        case .refused(let source, let status):
            "AWS credentials from \(source.rawValue): refused, status \(status)"
        case .malformed(let source): "AWS credentials from \(source.rawValue): cannot parse the response"
        }
    }
}
