internal import ProtobufReflection

/// How protobuf names become Swift names.
enum NamingRules {
    /// `telehealth/v1/session.proto` to `telehealth_v1_session.pb.swift`: flat, since the base names of a module's
    /// files are unique.
    static func outputPath(of proto: String) -> String {
        stem(of: proto).replacing("/", with: "_") + ".pb.swift"
    }

    /// The same for a file whose path would come out as another's: the path's own underscores are doubled.
    static func unmistakableOutputPath(of proto: String) -> String {
        stem(of: proto).replacing("_", with: "__").replacing("/", with: "_") + ".pb.swift"
    }

    /// `telehealth.v1` to `Telehealth_V1_`, unless the file sets `swift_prefix`.
    static func typePrefix(of file: Google_Protobuf_FileDescriptorProto) -> String {
        if let prefix = file.options?.swiftPrefix { return prefix }
        return (file.package ?? "").split(separator: ".").map { component($0) + "_" }.joined()
    }

    /// The name of the enum that holds a file's descriptor: `Telehealth_V1_Session_File`, from its path.
    static func fileTypeName(of file: Google_Protobuf_FileDescriptorProto) -> String {
        stem(of: file.name ?? "").split(separator: "/").map { component($0) + "_" }.joined() + "File"
    }

    /// The name of a message, enum or service after its package's prefix.
    ///
    /// It depends on the package and the name alone, so that every run of the plugin says the same, and no two pairs
    /// give one name: underscores of the name are doubled, since `a.b.C` and `B_C` of `a` would both be `A_B_C`. `File`
    /// gives way to the enum that holds a file's descriptor, and without a prefix a name gives way to what generated
    /// code uses.
    static func topLevelName(_ name: String, prefix: String) -> String {
        let whole = prefix + name.replacing("_", with: "__")
        return name == "File" || ReservedNames.types.contains(whole) ? whole + "_" : whole
    }

    private static func stem(of proto: String) -> String {
        proto.hasSuffix(".proto") ? String(proto.dropLast(6)) : proto
    }

    /// A part of a package or a path as a part of a name: `error_details` to `ErrorDetails`.
    ///
    /// A name in another style is kept after an `x`, with every other character replaced by its number:
    /// `fooBar` and `foo-bar` to `xfooBar` and `xfoo_02d_bar`. So no two parts give one name.
    private static func component(_ part: Substring) -> String {
        let words = part.split(separator: "_", omittingEmptySubsequences: false)
        let isPlain = words.allSatisfy { word in
            word.first?.isLetter == true && word.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }
        }
        guard !isPlain else { return upperCamel(String(part)) }
        return part.unicodeScalars.reduce(into: "x") { name, scalar in
            let isWord = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            name += isWord ? String(scalar) : "_0" + String(scalar.value, radix: 16) + "_"
        }
    }

    /// `session_id` to `sessionID`: words joined, abbreviations kept upper-case as Swift writes them.
    static func propertyName(_ name: String) -> String { lowerCamel(name) }

    /// `CreateSession` to `createSession`.
    static func methodName(_ name: String) -> String { lowerCamel(name) }

    /// `SESSION_STATUS_IN_PROGRESS` of `SessionStatus` to `inProgress`.
    static func caseName(_ name: String, enumName: String) -> String {
        var rest = name[...]
        let prefix = enumName.filter { $0 != "_" }.lowercased()
        var matched = 0
        var index = name.startIndex
        let letters = Array(prefix)
        while index < name.endIndex, matched < letters.count {
            let character = name[index]
            if character != "_" {
                guard character.lowercased() == String(letters[matched]) else { break }
                matched += 1
            }
            index = name.index(after: index)
        }
        if matched == letters.count, index < name.endIndex, name[index] == "_" {
            let stripped = name[name.index(after: index)...]
            if let first = stripped.first, first.isLetter { rest = stripped }
        }
        return lowerCamel(String(rest))
    }

    /// A name for a declaration, and for an expression after a dot.
    static func quoted(_ name: String) -> String {
        ReservedNames.keywords.contains(name) ? "`\(name)`" : name
    }

    /// A member's name as the methods of its type reach it.
    static func reached(_ name: String) -> String {
        ReservedNames.locals.contains(name) ? "self." + name : quoted(name)
    }

    /// Text as it stands between the quotes of a string literal, on one line.
    static func literal(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { literal, scalar in
            switch scalar {
            case "\"", "\\": literal += "\\" + String(scalar)
            case " "..."~": literal += String(scalar)
            default: literal += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
    }

    static func upperCamel(_ name: String) -> String {
        words(name).map { capitalised($0) }.joined()
    }

    static func lowerCamel(_ name: String) -> String {
        let underscores = name.prefix { $0 == "_" }
        let parts = words(name)
        guard let first = parts.first else { return name }
        let head =
            first.allSatisfy { $0.isUppercase || $0.isNumber } ? first.lowercased() : decapitalised(first)
        let tail = parts.dropFirst().map { part in
            abbreviations.contains(part.lowercased()) ? part.uppercased() : capitalised(part)
        }
        return String(underscores) + head + tail.joined()
    }

    private static func words(_ name: String) -> [String] {
        name.split(separator: "_").map(String.init)
    }

    private static func capitalised(_ word: String) -> String {
        let rest = word.dropFirst()
        let shouted = rest.contains { $0.isUppercase } && !rest.contains { $0.isLowercase }
        return word.prefix(1).uppercased() + (shouted ? rest.lowercased() : String(rest))
    }

    private static func decapitalised(_ word: String) -> String {
        word.prefix(1).lowercased() + word.dropFirst()
    }

    private static let abbreviations: Set<String> = ["id", "url", "uri", "http", "https"]
}
