internal import Crypto

/// The simulated bucket: a few small objects in memory.
struct ObjectStore: Sendable {
    struct Object: Sendable {
        var bytes: [UInt8]
        var contentType: String
        var entityTag: String
        /// SHA-256 in base64, as S3 shows it on demand.
        var checksum: String
        var modifiedAt: Timestamp
        var kmsKeyID: String?
    }

    /// The oldest objects are forgotten beyond this, which bounds the memory.
    private let objectsMax: Int
    private var objects: [String: Object] = [:]
    private var order: [String] = []

    init(objectsMax: Int) { self.objectsMax = objectsMax }

    var keys: [String] { objects.keys.sorted() }

    func object(_ key: String) -> Object? { objects[key] }

    mutating func put(
        _ bytes: [UInt8], at key: String, contentType: String, kmsKeyID: String?, now: Timestamp
    ) {
        if objects[key] == nil { order.append(key) }
        // An entity tag is MD5 by S3's definition; nothing is protected by it.
        objects[key] = Object(
            bytes: bytes, contentType: contentType, entityTag: hex(Insecure.MD5.hash(data: bytes)),
            checksum: Base64.encoded(Array(SHA256.hash(data: bytes))), modifiedAt: now,
            kmsKeyID: kmsKeyID)
        if order.count > objectsMax { objects[order.removeFirst()] = nil }
    }

    mutating func remove(_ key: String) {
        guard objects.removeValue(forKey: key) != nil else { return }
        order.removeAll { $0 == key }
    }
}

/// Bytes that begin as an MP4 file does, so that a player's or proxy's sniffing works: a file type box, then
/// a free box that holds the pipeline's id over and over.
enum SimulatedRecording {
    static func bytes(pipelineID: String) -> [UInt8] {
        let filler = Array(repeating: Array((pipelineID + "\n").utf8), count: 100).flatMap(\.self)
        return box("ftyp", Array("isom".utf8) + [0, 0, 2, 0] + Array("isomiso2mp41".utf8))
            + box("free", filler)
    }

    /// offset 0, 4 bytes: length of the whole box, big-endian; offset 4, 4 bytes: type; then the content.
    private static func box(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let length = UInt32(content.count + 8)
        return [
            UInt8(length >> 24), UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff),
        ]
            + Array(type.utf8) + content
    }
}
