internal import Crypto

/// The two calls of S3 that work on many objects.
extension SimulatedChime {
    private static let keysMax = 1000

    func listing(_ request: SimulatedRequest) throws(ServiceError) -> SimulatedResponse {
        let prefix = request.queryValue("prefix") ?? ""
        guard let limit = Int(request.queryValue("max-keys") ?? "1000"), (0...Self.keysMax).contains(limit)
        else { throw ServiceError(400, "InvalidArgument", "max-keys must be 0 to 1000") }
        let isEncoded = request.queryValue("encoding-type") == "url"
        let after = request.queryValue("continuation-token") ?? request.queryValue("start-after") ?? ""
        let all = objects.keys.filter { $0.hasPrefix(prefix) && $0 > after }
        let page = all.prefix(limit)
        let contents = page.map { key in
            let name = isEncoded ? PercentCoding.encoded(key.utf8) : xmlText(key)
            let size = objects.object(key)?.bytes.count ?? 0
            let tag = objects.object(key)?.entityTag ?? ""
            return
                "<Contents><Key>\(name)</Key><ETag>&quot;\(tag)&quot;</ETag><Size>\(size)</Size></Contents>"
        }.joined()
        let isTruncated = all.count > page.count
        let next =
            isTruncated
            ? "<NextContinuationToken>\(xmlText(page.last ?? ""))</NextContinuationToken>" : ""
        return xml(
            "<ListBucketResult><Name>\(configuration.bucket)</Name><Prefix>\(xmlText(prefix))</Prefix>"
                + "<KeyCount>\(page.count)</KeyCount><MaxKeys>\(limit)</MaxKeys>"
                + "<IsTruncated>\(isTruncated)</IsTruncated>\(next)\(contents)</ListBucketResult>")
    }

    /// Demands the checksum that S3 demands: of the body, in one of its kinds.
    mutating func deleteMany(_ request: SimulatedRequest) throws(ServiceError) -> SimulatedResponse {
        let body = request.body ?? []
        if let announced = request.headers["x-amz-checksum-sha256"] {
            guard announced == Base64.encoded(Array(SHA256.hash(data: body))) else {
                throw ServiceError(400, "BadDigest", "The checksum does not match the body.")
            }
        } else if request.headers["content-md5"] == nil, request.headers["x-amz-checksum-crc32"] == nil {
            throw ServiceError(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
        }
        let text = String(decoding: body, as: UTF8.self)
        let parts = text.split(separator: "<Key>", omittingEmptySubsequences: false).dropFirst()
        guard (1...Self.keysMax).contains(parts.count) else {
            throw ServiceError(400, "MalformedXML", "1 to 1000 keys")
        }
        var deleted = ""
        for part in parts {
            let name = part.split(separator: "</Key>", maxSplits: 1, omittingEmptySubsequences: false)[0]
            let key = name.replacing("&lt;", with: "<").replacing("&gt;", with: ">")
                .replacing("&amp;", with: "&")
            objects.remove(String(key))
            deleted += "<Deleted><Key>\(name)</Key></Deleted>"
        }
        let isQuiet = text.contains("<Quiet>true</Quiet>")
        return xml("<DeleteResult>\(isQuiet ? "" : deleted)</DeleteResult>")
    }

    private func xml(_ text: String) -> SimulatedResponse {
        SimulatedResponse(
            status: 200, headers: [.init(name: "Content-Type", value: "application/xml")],
            body: Array(("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + text).utf8))
    }

    private func xmlText(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
