/// Bytes as base64 in lines, as embedded descriptors are written: a string literal compiles far faster than
/// an array.
enum Base64Text {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// - Parameter width: characters per line, a multiple of 4.
    static func lines(of bytes: [UInt8], width: Int) -> [String] {
        var characters: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let group = bytes[index..<min(index + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                let isPadding = place > group.count
                characters.append(
                    isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * place) & 0x3F)])
            }
            index += 3
        }
        return stride(from: 0, to: characters.count, by: width).map { start in
            String(decoding: characters[start..<min(start + width, characters.count)], as: UTF8.self)
        }
    }
}
