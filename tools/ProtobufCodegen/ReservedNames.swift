/// The names that generated code uses for something of its own.
///
/// `tools/foreign-protos grid` reads the words of generated code and tries each as a schema's name, so a word that is
/// missing here fails there.
enum ReservedNames {
    /// What the methods of a message call their parameters and variables. A member of such a name is reached by
    /// `self`.
    static let locals: Set<String> = [
        "buffer", "index", "key", "newValue", "old", "reader", "tag", "value", "violations",
    ]

    /// What every message has by itself. `debugDescription` is among them for a second reason: a string of that name
    /// would be what the message prints.
    static let messageMembers: Set<String> = [
        "checkRules", "debugDescription", "encode", "encodedByteCount", "encodedBytes", "fullName", "hash", "hashValue",
        "init", "merge", "self", "unknownFields", "with", "write", "_",
    ]

    /// What every enum has by itself.
    static let enumMembers: Set<String> = [
        "fullName", "hash", "hashValue", "init", "isRecognized", "rawValue", "self", "unrecognized", "_",
    ]

    /// What the types of a service have by themselves.
    static let serviceMembers: Set<String> = [
        "all", "channel", "fileDescriptors", "handler", "init", "routes", "self", "_",
    ]

    /// What a type of a schema cannot be called where nothing stands before its name: in no package, or nested.
    static let types = runtimeTypes.union(keywords).union(locals).union(messageMembers).union(enumMembers)
        .union(serviceMembers).union(parameters).union(typeWords).union(inheritedMembers)

    private static let parameters: Set<String> = ["context", "number", "options", "request", "requests", "responses"]

    /// Words that begin a type or stand around one.
    private static let typeWords: Set<String> = [
        "any", "async", "borrowing", "consuming", "each", "isolated", "nonisolated", "sending", "some",
    ]

    /// Members that every message has and a field may replace.
    private static let inheritedMembers: Set<String> = ["customMirror", "description"]

    private static let runtimeTypes: Set<String> = [
        // Swift
        "Any", "Array", "Bool", "Double", "Float", "Hashable", "Hasher", "Int32", "Int64", "Optional", "Protocol",
        "Self",
        "Sendable", "String", "Type", "UInt32", "UInt64", "UInt8",
        // ProtobufWire
        "Boxed", "ByteBuffer", "FileDescriptorBytes", "MapField", "Message", "ProtobufEnum",
        "RuleChecks", "RuleViolations", "UnknownFields", "WireBool",
        "WireBytes", "WireDouble", "WireEnum", "WireError", "WireFixed32", "WireFixed64", "WireFloat", "WireInt32",
        "WireInt64", "WireMessage", "WireReader", "WireSFixed32", "WireSFixed64", "WireSInt32", "WireSInt64",
        "WireString",
        "WireUInt32", "WireUInt64",
        // RPCModel
        "BidirectionalCall", "CallChannel", "CallOptions", "ClientStreamingCall", "MethodDescriptor", "RPCError",
        "RPCService", "RequestStream", "ResponseStream", "ResponseWriter", "ServerCallContext", "ServerRoute",
    ]

    /// Words that cannot stand as a name without backticks, or not where an expression begins.
    static let keywords: Set<String> = [
        "as", "associatedtype", "await", "break", "case", "catch", "class", "continue", "default", "defer", "deinit",
        "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if",
        "import",
        "in", "init", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol",
        "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
        "throws", "true", "try", "typealias", "var", "where", "while", "Any", "Type", "Protocol", "Self",
    ]
}
