internal import FoundationEssentials
internal import HTTPSClient

/// The exception name in an error response of a REST-JSON service, or of S3, whose responses are XML.
///
/// - Spec: Smithy, AWS restJson1, "Operation error serialization": the header `X-Amzn-Errortype` takes precedence,
///   otherwise the body's `code` or `__type`; then everything after a `:` and before a `#` is removed. Chime spells
///   it `Code`. Amazon S3 API reference, "Error responses".
enum ServiceErrorCode {
    private struct Body: Decodable {
        var code: String?
        var Code: String?
        var __type: String?
    }

    /// Longer texts are not exception names.
    private static let bytesMax = 128

    static func of(_ response: HTTPSResponse) -> String {
        let body = try? JSONDecoder().decode(Body.self, from: Data(response.body))
        let raw =
            response.headers["x-amzn-ErrorType"] ?? body?.code ?? body?.Code ?? body?.__type
            ?? codeElement(response.body) ?? ""
        let beforeColon = raw.prefix { $0 != ":" }
        let name = beforeColon.split(separator: "#").last ?? ""
        let isName =
            !name.isEmpty && name.utf8.count <= bytesMax
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") }
        return isName ? String(name) : "Unknown"
    }

    /// The content of the first `Code` element of an XML text; checked as a name with the rest.
    private static func codeElement(_ body: [UInt8]) -> String? {
        guard body.first == UInt8(ascii: "<") else { return nil }
        let parts = String(decoding: body.prefix(4096), as: UTF8.self).split(
            separator: "<Code>", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return String(parts[1].prefix { $0 != "<" })
    }
}
