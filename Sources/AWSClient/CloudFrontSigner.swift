internal import Crypto
internal import CryptoExtras
internal import TextFormats

/// Signed URLs of a CloudFront distribution, as an alternative to presigned URLs of S3.
///
/// CloudFront accepts only RSA signatures over SHA-1; the weak digest is Amazon's choice, and a URL is valid for
/// minutes only. Pure: the same arguments give the same URL.
/// - Spec: Amazon CloudFront developer guide, "Create a signed URL using a canned policy" and "… using a custom
///   policy". Tests compare with botocore's `CloudFrontSigner` byte for byte.
public struct CloudFrontSigner: Sendable {
    /// Restrictions besides the expiry. Without any, the URL has the short ("canned") form.
    public struct Restrictions: Hashable, Sendable {
        /// Not valid before this many seconds since 1970.
        public var notBefore: Int64?
        /// The only IPv4 address, or range in CIDR form, that may use it.
        public var sourceAddress: String?

        public init(notBefore: Int64? = nil, sourceAddress: String? = nil) {
            self.notBefore = notBefore
            self.sourceAddress = sourceAddress
        }
    }

    public enum KeyError: Error, Hashable, Sendable, CustomStringConvertible {
        /// Not a PEM file of an RSA private key of 2048 bits or more.
        case unreadable
        case keyPairID

        public var description: String {
            switch self {
            case .unreadable: "must be an RSA private key of at least 2048 bits in PEM format"
            case .keyPairID: "must be a key pair id: 1 to 64 letters and digits"
            }
        }
    }

    public let keyPairID: String
    private let key: _RSA.Signing.PrivateKey

    /// - Parameter privateKeyPEM: PKCS #1 or PKCS #8.
    public init(keyPairID: String, privateKeyPEM: String) throws(KeyError) {
        guard (1...64).contains(keyPairID.utf8.count),
            keyPairID.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            })
        else { throw .keyPairID }
        self.keyPairID = keyPairID
        do { key = try _RSA.Signing.PrivateKey(pemRepresentation: privateKeyPEM) } catch { throw .unreadable }
    }

    /// - Parameters:
    ///   - url: absolute, as clients request it: percent-encoded ASCII.
    ///   - expiresAt: seconds since 1970.
    ///   - restrictions: nil for a canned policy, which is not part of the URL.
    /// - Throws: ``KeyError/unreadable`` when the key cannot sign.
    public func signedURL(_ url: String, expiresAt: Int64, restrictions: Restrictions? = nil)
        throws(KeyError) -> String
    {
        let policy = Self.policy(url, expiresAt: expiresAt, restrictions ?? Restrictions())
        let signature: [UInt8]
        do {
            let digest = Insecure.SHA1.hash(data: Array(policy.utf8))
            signature = Array(
                try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        } catch { throw .unreadable }
        let limit =
            restrictions == nil
            ? "Expires=\(expiresAt)" : "Policy=\(Self.base64.text(Array(policy.utf8)))"
        let separator = url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return "\(url)\(separator)\(limit)&Signature=\(Self.base64.text(signature))&Key-Pair-Id=\(keyPairID)"
    }

    /// Base64, with the three characters that have a meaning in queries replaced.
    private static let base64 = Base64("-", "~", padding: "_")

    /// Without white space and in exactly this order, as the canned form requires.
    static func policy(_ url: String, expiresAt: Int64, _ restrictions: Restrictions) -> String {
        var conditions = [#""DateLessThan":{"AWS:EpochTime":\#(expiresAt)}"#]
        if let address = restrictions.sourceAddress {
            let range = address.utf8.contains(UInt8(ascii: "/")) ? address : address + "/32"
            conditions.append(#""IpAddress":{"AWS:SourceIp":\#(quoted(range))}"#)
        }
        if let notBefore = restrictions.notBefore {
            conditions.append(#""DateGreaterThan":{"AWS:EpochTime":\#(notBefore)}"#)
        }
        let condition = conditions.joined(separator: ",")
        return #"{"Statement":[{"Resource":\#(quoted(url)),"Condition":{\#(condition)}}]}"#
    }

    private static func quoted(_ text: String) -> String {
        var json: [UInt8] = []
        text.appendAsJSONString(to: &json)
        return String(decoding: json, as: UTF8.self)
    }
}
