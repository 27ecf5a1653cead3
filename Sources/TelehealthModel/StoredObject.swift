public struct StoredObject: Sendable, Hashable {
    public var bytes: Int64
    public var eTag: String
    /// S3's own checksum of the content with its kind, "sha256:…" or "crc64nvme:…" in base64; nil when S3
    /// keeps none.
    public var checksum: String?

    public init(bytes: Int64, eTag: String, checksum: String? = nil) {
        self.bytes = bytes
        self.eTag = eTag
        self.checksum = checksum
    }
}
