internal import FoundationEssentials
internal import HTTPSClient

/// The name of the exception in an error answer of a REST-JSON service.
///
/// - Spec: Smithy, AWS restJson1, "Operation error serialization": the header `X-Amzn-Errortype` goes first,
///   else the body's `code` or `__type`; then what follows a `:` goes, and what precedes a `#`. Chime spells
///   it `Code`.
enum ServiceErrorCode {
    private struct Body: Decodable {
        var code: String?
        var Code: String?
        var __type: String?
    }

    /// Names longer than this are no exception names.
    private static let bytesMax = 128

    static func of(_ response: HTTPSResponse) -> String {
        let body = try? JSONDecoder().decode(Body.self, from: Data(response.body))
        let raw = response.headers["x-amzn-ErrorType"] ?? body?.code ?? body?.Code ?? body?.__type ?? ""
        let beforeColon = raw.prefix { $0 != ":" }
        let name = beforeColon.split(separator: "#").last ?? ""
        let isName =
            !name.isEmpty && name.utf8.count <= bytesMax
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") }
        return isName ? String(name) : "Unknown"
    }
}
