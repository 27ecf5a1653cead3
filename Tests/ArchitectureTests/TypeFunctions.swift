/// The public and package functions of each type, counted over all its extensions.
///
/// By the formatter's layout: what a line begins, the next brace at that line's indentation ends. Initializers and
/// subscripts are not counted. Types of one name in several modules are told apart by the module that declares them.
struct TypeFunctions {
    private struct Scope {
        let indent: Int
        let name: String
        /// Members without an access of their own are public: of protocols and of a `public extension`.
        let lendsAccess: Bool
    }

    private var declaringModules: [String: Set<String>] = [:]
    private var functions: [(module: String, type: String)] = []

    /// Functions by type, the module in front: `TelehealthRules.SessionDraft`.
    var counts: [String: Int] {
        functions.reduce(into: [:]) { counts, function in
            let modules = declaringModules[function.type] ?? []
            // An extension elsewhere adds to the one type of that name; of a foreign type, its own module counts.
            let module = modules.contains(function.module) || modules.count != 1 ? function.module : modules.first
            counts[(module ?? function.module) + "." + function.type, default: 0] += 1
        }
    }

    mutating func add(_ source: SwiftSource, module: String) {
        var scopes: [Scope] = []
        for code in source.code {
            let indent = code.prefix { $0 == " " }.count
            let text = code.dropFirst(indent)
            guard !text.isEmpty else { continue }
            switch Self.declaration(text) {
            case .type(let kind, let ownName, let isOpen):
                scopes.removeAll { $0.indent >= indent }
                let isExtension = kind == "extension"
                let outer = scopes.last.map { $0.name + "." } ?? ""
                let name = (isExtension ? "" : outer) + ownName
                if !isExtension { declaringModules[name, default: []].insert(module) }
                if !text.hasSuffix("}") {
                    scopes.append(
                        Scope(
                            indent: indent, name: name, lendsAccess: isOpen && (isExtension || kind == "protocol")))
                }
            case .function(let access):
                scopes.removeAll { $0.indent >= indent }
                guard let scope = scopes.last else { continue }
                if access.map(Self.open.contains) ?? scope.lendsAccess { functions.append((module, scope.name)) }
            case nil:
                if text.hasPrefix("}") { scopes.removeAll { $0.indent >= indent } }
            }
        }
    }

    private enum Declaration {
        case type(kind: Substring, name: String, isOpen: Bool)
        case function(access: Substring?)
    }

    private static let open: Set<Substring> = ["public", "package", "open"]
    private static let closed: Set<Substring> = ["internal", "fileprivate", "private"]
    private static let modifiers: Set<Substring> = [
        "static", "final", "mutating", "nonmutating", "borrowing", "consuming", "nonisolated", "override", "indirect",
        "prefix", "postfix", "infix",
    ]
    private static let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "extension"]

    /// What a line declares, by its first word that is neither an attribute nor a modifier.
    private static func declaration(_ text: Substring) -> Declaration? {
        var access: Substring?
        var words = text.split(separator: " ", maxSplits: 8)[...]
        while let word = words.popFirst() {
            if word == "func" { return .function(access: access) }
            if open.contains(word) || closed.contains(word) {
                access = word
            } else if kinds.contains(word), let next = words.first {
                // `class func` is a function.
                if word == "class", next == "func" { continue }
                let name = String(next.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
                return .type(kind: word, name: name, isOpen: access.map(open.contains) ?? false)
            } else if !word.hasPrefix("@"), !modifiers.contains(word.prefix { $0 != "(" }) {
                return nil
            }
        }
        return nil
    }
}
