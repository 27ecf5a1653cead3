internal import AWSClient
internal import Crypto
internal import HTTPSClient
public import TelehealthModel
internal import TextFormats

extension ChimeGateway {
    /// Number of objects listed and deleted at a time. An hour's recording has about 720 chunks; S3 allows 1000.
    private static let deletionPage = 500

    /// Lists one page of objects under the prefix, and deletes them in one call.
    ///
    /// - Spec: Amazon S3 API reference, ListObjectsV2 and DeleteObjects. In a bucket with versioning this leaves a
    ///   delete marker; the operator needs a lifecycle rule for old versions.
    public func deleteObjects(prefix: String, timeout: Duration) async throws(GatewayError) -> Bool {
        try require(ChimeSyntax.isObjectKey(prefix), "prefix")
        guard let endpoint = objectsEndpoint else { throw .invalidArgument("recordings_bucket") }
        let deadline = deadline(after: timeout)
        let listed = try await sendObjects(
            .listObjects,
            AWSRequest(
                .get, endpoint.url, path: endpoint.rootPath,
                query: [
                    .init("list-type", "2"), .init("encoding-type", "url"), .init("prefix", prefix + "/"),
                    .init("max-keys", "\(Self.deletionPage)"),
                ]), timeout: remaining(until: deadline))
        let page = String(decoding: listed.body, as: UTF8.self)
        let keys = ObjectListing.values(of: "Key", in: page)
        if keys.isEmpty { return true }
        guard keys.allSatisfy({ $0.hasPrefix(prefix + "/") }) else {
            throw GatewayError(kind: .unavailable, code: "unreadable_answer")
        }
        let body = Array(ObjectListing.deletion(of: keys).utf8)
        var request = AWSRequest(
            .post, endpoint.url, path: endpoint.rootPath, query: [.init("delete", "")], body: body)
        request.headers.append(name: "Content-Type", value: "application/xml")
        request.headers.append(
            name: "x-amz-checksum-sha256", value: Base64.standard.text(Array(SHA256.hash(data: body))))
        let answer = try await sendObjects(.deleteObject, request, timeout: remaining(until: deadline))
        // Quiet mode: the response names only what could not be deleted.
        if let code = ObjectListing.values(of: "Code", in: String(decoding: answer.body, as: UTF8.self)).first
        {
            throw GatewayError(
                kind: code == "AccessDenied" ? .notAuthorised : .unavailable, code: String(code.prefix(64)),
                mayHaveTakenEffect: true)
        }
        return ObjectListing.values(of: "IsTruncated", in: page).first != "true"
    }
}

/// The part of S3's XML that these two calls need. Keys are percent-encoded (`encoding-type=url`), so they contain no
/// entities.
enum ObjectListing {
    /// The texts of all elements with a name, percent-decoded.
    static func values(of name: String, in xml: String) -> [String] {
        let parts = xml.split(separator: "<\(name)>", omittingEmptySubsequences: false).dropFirst()
        return parts.map { part in
            decoded(
                part.split(separator: "</\(name)>", maxSplits: 1, omittingEmptySubsequences: false)[0])
        }
    }

    static func deletion(of keys: [String]) -> String {
        let objects = keys.map { "<Object><Key>\(escaped($0))</Key></Object>" }.joined()
        return
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\(objects)</Delete>"
    }

    /// S3 writes a space as `+` in this encoding.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let high = Hex.value(of: rest[rest.startIndex]), let low = Hex.value(of: rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
