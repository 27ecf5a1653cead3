/// The field constraints of the service models, checked as AWS does: before anything takes effect.
enum Validation {
    /// - Throws: `badRequest` when the member is absent or no text of the given length and characters.
    static func text(
        _ body: JSONValue, _ name: String, length: ClosedRange<Int>,
        where isAllowed: (Unicode.Scalar) -> Bool = { _ in true }
    ) throws(ServiceError) -> String {
        guard let text = try optionalText(body, name, length: length, where: isAllowed) else {
            throw .badRequest("\(name) is required")
        }
        return text
    }

    static func optionalText(
        _ body: JSONValue, _ name: String, length: ClosedRange<Int>,
        where isAllowed: (Unicode.Scalar) -> Bool = { _ in true }
    ) throws(ServiceError) -> String? {
        guard let value = body[name] else { return nil }
        guard let text = value.text else { throw .badRequest("\(name) must be a string") }
        guard length.contains(text.unicodeScalars.count) else {
            throw .badRequest("\(name) must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        guard text.unicodeScalars.allSatisfy(isAllowed) else {
            throw .badRequest("\(name) contains a character that is not allowed")
        }
        return text
    }

    static func items(
        _ body: JSONValue, _ name: String, count: ClosedRange<Int>
    ) throws(ServiceError) -> [JSONValue] {
        guard let items = body[name]?.items else { throw .badRequest("\(name) is required") }
        guard count.contains(items.count) else {
            throw .badRequest("\(name) must have \(count.lowerBound) to \(count.upperBound) items")
        }
        return items
    }

    static func object(_ body: JSONValue, _ name: String) throws(ServiceError) -> JSONValue {
        guard let value = body[name] else { throw .badRequest("\(name) is required") }
        guard value.isObject else { throw .badRequest("\(name) must be an object") }
        return value
    }

    static func choice(
        _ body: JSONValue, _ name: String, _ allowed: [String]
    ) throws(ServiceError) -> String {
        guard let value = body[name] else { throw .badRequest("\(name) is required") }
        guard let text = value.text, allowed.contains(text) else {
            throw .badRequest("\(name) must be one of \(allowed.joined(separator: ", "))")
        }
        return text
    }

    static func optionalRequestToken(_ body: JSONValue) throws(ServiceError) -> String? {
        try optionalText(body, "ClientRequestToken", length: 2...64) { isWord($0) || $0 == "-" }
    }

    /// `ExternalMeetingId`, `ExternalUserId` and `MeetingHostId`.
    static func optionalExternalID(_ body: JSONValue, _ name: String) throws(ServiceError) -> String? {
        guard let text = try optionalText(body, name, length: 2...64, where: isExternalIDScalar) else {
            return nil
        }
        guard !text.lowercased().hasPrefix("aws:") else {
            throw .badRequest("\(name) must not begin with aws:, which is reserved")
        }
        return text
    }

    static func externalID(_ body: JSONValue, _ name: String) throws(ServiceError) -> String {
        guard let text = try optionalExternalID(body, name) else { throw .badRequest("\(name) is required") }
        return text
    }

    static func mediaRegion(_ body: JSONValue) throws(ServiceError) -> String {
        let region = try text(body, "MediaRegion", length: 2...64)
        guard mediaRegions.contains(region) else {
            throw .badRequest("MediaRegion '\(region)' is not supported")
        }
        return region
    }

    static func optionalARN(_ body: JSONValue, _ name: String) throws(ServiceError) -> String? {
        guard let arn = try optionalText(body, name, length: 1...1024, where: isARNScalar) else { return nil }
        guard arn.hasPrefix("arn"), arn.count > 3 else { throw .badRequest("\(name) must be an ARN") }
        return arn
    }

    static func arn(_ body: JSONValue, _ name: String) throws(ServiceError) -> String {
        guard let arn = try optionalARN(body, name) else { throw .badRequest("\(name) is required") }
        return arn
    }

    /// A `GuidString` in lower case, the form in which the simulator keeps its identifiers.
    static func guid(_ text: String, _ name: String) throws(ServiceError) -> String {
        let bytes = Array(text.utf8)
        let dashes: Set = [8, 13, 18, 23]
        guard bytes.count == 36,
            bytes.indices.allSatisfy({
                dashes.contains($0) ? bytes[$0] == UInt8(ascii: "-") : bytes[$0].hexValue != nil
            })
        else { throw .badRequest("\(name) must be a GUID") }
        return text.lowercased()
    }

    static func tags(_ body: JSONValue, countMax: Int) throws(ServiceError) {
        guard let tags = body["Tags"] else { return }
        guard let items = tags.items else { throw .badRequest("Tags must be a list") }
        guard items.count <= countMax else { throw .badRequest("Tags must have at most \(countMax) items") }
        for tag in items {
            // The model's `[a-zA-Z+-=._:/]+`: `+-=` is the range from `+` to `=`, digits and colon included.
            _ = try text(tag, "Key", length: 1...128) {
                isLetter($0) || ("+"..."=").contains($0) || $0 == "_"
            }
            _ = try text(tag, "Value", length: 0...256)
        }
    }

    static func tenantIDs(_ body: JSONValue) throws(ServiceError) -> [String] {
        guard body["TenantIds"] != nil else { return [] }
        var tenants: [String] = []
        for item in try items(body, "TenantIds", count: 1...5) {
            let tenant = try text(["TenantId": item], "TenantId", length: 2...256) {
                isWord($0) || "-!@#$".unicodeScalars.contains($0)
            }
            let characters = Array(tenant)
            let repeats = characters.indices.contains { start in
                start + 3 < characters.count
                    && characters[start...start + 3].allSatisfy { $0 == characters[start] }
            }
            guard !repeats else { throw .badRequest("TenantId repeats one character four times") }
            tenants.append(tenant)
        }
        return tenants
    }

    /// 1...100, and 100 when the query names no limit.
    static func maxResults(_ request: SimulatedRequest) throws(ServiceError) -> Int {
        guard let value = request.queryValue("max-results") else { return 100 }
        guard let number = Int(value), (1...100).contains(number) else {
            throw .badRequest("max-results must be 1 to 100")
        }
        return number
    }

    private static let mediaRegions: Set<String> = [
        "af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        "ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3",
        "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1",
    ]

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
    }

    private static func isARNScalar(_ scalar: Unicode.Scalar) -> Bool {
        isWord(scalar) || "/:-.".unicodeScalars.contains(scalar)
    }

    private static func isExternalIDScalar(_ scalar: Unicode.Scalar) -> Bool {
        isWord(scalar) || ("À"..."ÿ").contains(scalar) || scalar.properties.isWhitespace
            || "-&@+=,(){}[]/«».:|'\"#".unicodeScalars.contains(scalar)
    }
}
