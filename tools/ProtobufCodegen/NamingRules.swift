internal import ProtobufReflection

/// How protobuf names become Swift names.
enum NamingRules {
    /// `telehealth/v1/session.proto` to `telehealth_v1_session.pb.swift`: flat, since base names are unique
    /// per module.
    static func outputPath(of proto: String) -> String {
        let stem = proto.hasSuffix(".proto") ? proto.dropLast(6) : proto[...]
        return String(stem.map { $0 == "/" ? "_" : $0 }) + ".pb.swift"
    }

    /// `telehealth.v1` to `Telehealth_V1_`, unless the file sets `swift_prefix`.
    static func typePrefix(of file: Google_Protobuf_FileDescriptorProto) -> String {
        if let prefix = file.options?.swiftPrefix { return prefix }
        guard let package = file.package, !package.isEmpty else { return "" }
        return package.split(separator: ".").map { upperCamel(String($0)) + "_" }.joined()
    }

    /// The name of the enum that holds a file's descriptor: `Telehealth_V1_Session_File`.
    static func fileTypeName(of file: Google_Protobuf_FileDescriptorProto) -> String {
        let base = (file.name ?? "").split(separator: "/").last.map(String.init) ?? ""
        let stem = base.hasSuffix(".proto") ? String(base.dropLast(6)) : base
        return typePrefix(of: file) + upperCamel(String(stem.map { $0 == "." || $0 == "-" ? "_" : $0 }))
            + "_File"
    }

    /// A message or enum name behind its package prefix or enclosing type (`scope`).
    ///
    /// Without a prefix a few names would mean something else to the generated code: they get `suffix`.
    static func typeName(_ name: String, in scope: String, suffix: String) -> String {
        let stands = scope.isEmpty || scope.hasSuffix(".")
        return scope + (stands && takenTypes.contains(name) ? name + suffix : name)
    }

    /// `session_id` to `sessionID`: words joined, abbreviations kept upper-case as Swift writes them.
    static func propertyName(_ name: String) -> String {
        let camel = lowerCamel(name)
        return takenProperties.contains(camel) ? camel + "_" : camel
    }

    /// `CreateSession` to `createSession`.
    static func methodName(_ name: String) -> String {
        let camel = lowerCamel(name)
        return takenMethods.contains(camel) ? camel + "_" : camel
    }

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
        let camel = lowerCamel(String(rest))
        return ["unrecognized", "init", "self", "rawValue"].contains(camel) ? camel + "_" : camel
    }

    /// A name as an expression or declaration can hold it.
    static func quoted(_ name: String) -> String {
        keywords.contains(name) ? "`\(name)`" : name
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

    private static let takenTypes: Set<String> = [
        "Type", "Protocol", "Self", "Any", "Bool", "Int32", "Int64", "UInt8", "UInt32", "UInt64", "Float",
        "Double",
        "String", "Array", "Optional", "Hashable", "Sendable", "Hasher", "Message", "ProtobufEnum",
        "ByteBuffer",
        "WireReader", "WireError", "UnknownFields", "MapField", "Boxed",
    ]

    /// Members that every message or client has by itself.
    private static let takenProperties: Set<String> = [
        "hashValue", "unknownFields", "encodedByteCount", "fullName", "self", "init",
    ]
    private static let takenMethods: Set<String> = ["self", "init"]

    private static let keywords: Set<String> = [
        "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit",
        "do",
        "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if",
        "import",
        "in", "init", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private",
        "protocol",
        "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch",
        "throw",
        "throws", "true", "try", "typealias", "var", "where", "while", "Any", "Type", "Protocol", "Self",
    ]
}
