/// A sequence of JSON values, with or without line breaks in between.
enum JSONObjects {
    /// The texts of the top-level objects. Anything else is returned as it is, for the JSON parser to refuse.
    static func split(_ text: String) -> [String] {
        var objects: [String] = []
        var current = ""
        var depth = 0
        var isInString = false
        var isEscaped = false
        for character in text {
            if depth == 0, character.isWhitespace, current.isEmpty { continue }
            current.append(character)
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    isInString = false
                }
                continue
            }
            switch character {
            case "\"": isInString = true
            case "{", "[": depth += 1
            case "}", "]":
                depth -= 1
                if depth == 0 {
                    objects.append(current)
                    current = ""
                }
            default: break
            }
        }
        if !current.isEmpty { objects.append(current) }
        return objects.isEmpty ? ["{}"] : objects
    }
}
