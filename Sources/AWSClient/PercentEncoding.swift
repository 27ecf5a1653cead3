internal import TextFormats

/// The percent-encoding of Signature Version 4: every byte of the UTF-8 form but the unreserved characters of
/// RFC 3986 (`A-Z a-z 0-9 - . _ ~`) becomes `%XX` with upper-case digits; a space is `%20`, never `+`.
///
/// - Spec: AWS IAM user guide, "Create a signed AWS API request", UriEncode().
public enum PercentEncoding {
    /// For query names and values, and for one segment of a path.
    public static func component(_ text: String) -> String {
        encode(text, keepingSlash: false)
    }

    /// For a whole path: `/` stays.
    public static func path(_ text: String) -> String {
        encode(text, keepingSlash: true)
    }

    private static func encode(_ text: String, keepingSlash: Bool) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if isUnreserved(byte) || keepingSlash && byte == UInt8(ascii: "/") {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                Hex.append(byte, to: &encoded, upperCase: true)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}
