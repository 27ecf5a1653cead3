/// Converts schema names to JSON names, and back in field masks.
enum JSONName {
    /// `session_id` to `sessionId`, by protoc's rule: an underscore is removed and capitalizes the next letter.
    static func camel(_ name: String) -> String {
        var result = ""
        var raises = false
        for character in name {
            if character == "_" {
                raises = true
            } else {
                result += raises ? character.uppercased() : String(character)
                raises = false
            }
        }
        return result
    }

    /// A field mask path in JSON's spelling; nil if it could not be converted back. Only ASCII counts as letters:
    /// anything else that a peer sends is unchanged.
    static func maskPath(_ path: String) -> String? {
        var result = String.UnicodeScalarView()
        var raises = false
        for scalar in path.unicodeScalars {
            if raises {
                guard ("a"..."z").contains(scalar) else { return nil }
                result.append(Unicode.Scalar(UInt8(scalar.value) - caseDistance))
                raises = false
            } else if scalar == "_" {
                raises = true
            } else {
                guard !("A"..."Z").contains(scalar) else { return nil }
                result.append(scalar)
            }
        }
        return raises ? nil : String(result)
    }

    /// A field mask path from JSON's spelling; nil when it has an underscore.
    static func schemaPath(_ path: Substring) -> String? {
        var result = String.UnicodeScalarView()
        for scalar in path.unicodeScalars {
            guard scalar != "_" else { return nil }
            if ("A"..."Z").contains(scalar) {
                result.append("_")
                result.append(Unicode.Scalar(UInt8(scalar.value) + caseDistance))
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static let caseDistance: UInt8 = 0x20
}
