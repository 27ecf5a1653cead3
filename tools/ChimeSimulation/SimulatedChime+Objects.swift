extension SimulatedChime {
    mutating func perform(_ call: ObjectCall, _ context: CallContext) throws(ServiceError)
        -> SimulatedResponse
    {
        switch call {
        case .head(let bucket, let key):
            var response = try objectResponse(bucket, key, context)
            response.setHeader("Content-Length", String(response.body.count))
            response.body = []
            return response
        case .get(let bucket, let key): return try objectResponse(bucket, key, context)
        case .delete(let bucket, let key):
            try checkBucket(bucket)
            objects.remove(key)
            return SimulatedResponse(status: 204)
        case .list(let bucket):
            try checkBucket(bucket)
            return try listing(context.request)
        case .deleteMany(let bucket):
            try checkBucket(bucket)
            return try deleteMany(context.request)
        }
    }

    private func checkBucket(_ name: String) throws(ServiceError) {
        guard name == configuration.bucket else {
            throw ServiceError(404, "NoSuchBucket", "The specified bucket does not exist")
        }
    }

    private func objectResponse(
        _ bucket: String, _ key: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        try checkBucket(bucket)
        guard let object = objects.object(key) else {
            throw ServiceError(404, "NoSuchKey", "The specified key does not exist.")
        }
        let range = try byteRange(context.request.headers["range"], byteCount: object.bytes.count)
        var response = SimulatedResponse(
            status: range == nil ? 200 : 206, body: range.map { Array(object.bytes[$0]) } ?? object.bytes)
        response.setHeader(
            "Content-Type", context.request.queryValue("response-content-type") ?? object.contentType)
        if let disposition = context.request.queryValue("response-content-disposition") {
            response.setHeader("Content-Disposition", disposition)
        }
        response.setHeader("ETag", "\"\(object.entityTag)\"")
        // Of a part S3 has no checksum.
        if range == nil, context.request.headers["x-amz-checksum-mode"]?.uppercased() == "ENABLED" {
            response.setHeader("x-amz-checksum-sha256", object.checksum)
        }
        response.setHeader("Last-Modified", object.modifiedAt.httpDate)
        response.setHeader("Accept-Ranges", "bytes")
        if let range {
            response.setHeader(
                "Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.bytes.count)")
        }
        if let key = object.kmsKeyID {
            response.setHeader("x-amz-server-side-encryption", "aws:kms")
            response.setHeader("x-amz-server-side-encryption-aws-kms-key-id", key)
        }
        return response
    }

    /// One range of `bytes=first-last`, `bytes=first-` or `bytes=-count`; any other header is ignored, as RFC
    /// 9110 section 14.2 allows.
    private func byteRange(_ header: String?, byteCount: Int) throws(ServiceError) -> Range<Int>? {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return nil }
        let parts = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy(\.isDigit) }) else { return nil }
        let range: Range<Int>
        switch (Int(parts[0]), Int(parts[1])) {
        case (let first?, let last?) where first <= last:
            range = min(first, byteCount)..<(last < byteCount ? last + 1 : byteCount)
        case (let first?, nil) where parts[1].isEmpty: range = min(first, byteCount)..<byteCount
        case (nil, let count?) where parts[0].isEmpty: range = max(0, byteCount - count)..<byteCount
        default: return nil
        }
        guard !range.isEmpty else {
            throw ServiceError(416, "InvalidRange", "The requested range is not satisfiable")
        }
        return range
    }
}
