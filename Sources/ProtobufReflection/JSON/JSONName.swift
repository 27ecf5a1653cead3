/// How schema names become JSON names, and back in field masks.
enum JSONName {
    /// `session_id` to `sessionId`, by protoc's rule: an underscore goes and raises the next letter.
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

    /// A field mask path in JSON's spelling; nil when it would not come back as it was.
    static func maskPath(_ path: String) -> String? {
        var result = ""
        var raises = false
        for character in path {
            if raises {
                guard character.isLowercase, character.isASCII else { return nil }
                result += character.uppercased()
                raises = false
            } else if character == "_" {
                raises = true
            } else {
                guard !character.isUppercase else { return nil }
                result.append(character)
            }
        }
        return raises ? nil : result
    }

    /// A field mask path from JSON's spelling; nil when it has an underscore.
    static func schemaPath(_ path: Substring) -> String? {
        var result = ""
        for character in path {
            guard character != "_" else { return nil }
            if character.isUppercase {
                result += "_" + character.lowercased()
            } else {
                result.append(character)
            }
        }
        return result
    }
}
