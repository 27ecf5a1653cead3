internal import FoundationEssentials
internal import HTTPSClient

/// The JSON response of container endpoints and IMDS.
struct CredentialsDocument: Decodable {
    var AccessKeyId: String
    var SecretAccessKey: String
    var Token: String
    var Expiration: String

    static func credentials(
        in response: HTTPSResponse, from source: CredentialsError.Source
    ) throws(CredentialsError) -> AWSCredentials {
        guard let document = try? JSONDecoder().decode(Self.self, from: Data(response.body)),
            let expiresAt = CivilTime.unixSeconds(ofISO8601: document.Expiration)
        else { throw .malformed(source) }
        return AWSCredentials(
            accessKeyID: document.AccessKeyId, secretAccessKey: document.SecretAccessKey,
            sessionToken: document.Token, expiresAt: expiresAt)
    }
}
