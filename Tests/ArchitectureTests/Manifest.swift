import Foundation

/// The rows of `Package.swift`, read from its text:
/// `kind("Name", [dependencies], path: "…")` at four spaces.
struct Manifest {
    enum Kind: String {
        case clib
        case csource
        case module
        case program
        case tests
    }

    struct Target {
        let kind: Kind
        let name: String
        let targetDependencies: [String]
        /// Products of other packages.
        let productDependencies: [String]
        let path: String
        let isPure: Bool
        /// A program whose release build has the Swift runtime inside.
        let isLinkedStatically: Bool

        var dependencies: Set<String> { Set(targetDependencies + productDependencies) }
        var isC: Bool { kind == .clib || kind == .csource }
        var isTest: Bool { path.hasPrefix("Tests/") }
    }

    let targets: [Target]
    /// Targets that are there only when a tool has made their folder.
    let madeByTools: Set<String>
    /// The last parts of the package addresses.
    let packages: [String]

    init(text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let plain = lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
        var products: [String: String] = [:]
        for match in plain.matches(of: /let (\w+): Target\.Dependency = \.product\(name: "([\w-]+)"/) {
            products[String(match.1)] = String(match.2)
        }
        packages = plain.matches(of: /\.package\(\s*url: "[^"]*\/([\w.-]+)"/).map { String($0.1) }
        madeByTools = Set(plain.matches(of: /\n {4}\(module\("(\w+)"/).map { String($0.1) })
        targets = plain.matches(of: /\n {4}(clib|csource|module|program|tests)\(/).compactMap { match in
            guard let kind = Kind(rawValue: String(match.1)) else { return nil }
            return Self.target(kind, arguments: Self.balanced(plain[match.range.upperBound...]), products)
        }
    }

    /// A program and all targets of this package that it stands on.
    func linked(into program: Target) -> [Target] {
        var names: Set = [program.name]
        var found = [program]
        var next = 0
        while next < found.count {
            for name in found[next].targetDependencies where names.insert(name).inserted {
                if let target = targets.first(where: { $0.name == name }) { found.append(target) }
            }
            next += 1
        }
        return found
    }

    private static func target(_ kind: Kind, arguments: Substring, _ products: [String: String]) -> Target? {
        guard let name = arguments.firstMatch(of: /"([\w-]+)"/)?.1 else { return nil }
        var targetNames: [String] = []
        var productNames: [String] = []
        var rest = arguments
        if kind != .clib, kind != .csource, let start = arguments.firstIndex(of: "[") {
            let list = balanced(arguments[arguments.index(after: start)...])
            rest = arguments[list.endIndex...]
            for item in items(list) {
                if let product = item.firstMatch(of: /^\.product\(name: "([\w-]+)"/)?.1 {
                    productNames.append(String(product))
                } else if let target = item.firstMatch(of: /^"([\w-]+)"$/)?.1 {
                    targetNames.append(String(target))
                } else {
                    // A name that no `let` explains stays visible, and fails as an unknown dependency.
                    productNames.append(products[String(item)] ?? String(item))
                }
            }
        }
        let path = rest.firstMatch(of: /path: "([^"]+)"/).map { String($0.1) }
        return Target(
            kind: kind, name: String(name), targetDependencies: targetNames,
            productDependencies: productNames,
            path: path ?? defaultPath(kind, String(name)), isPure: rest.contains("settings: pure"),
            isLinkedStatically: rest.contains("linked: staticRuntime"))
    }

    private static func defaultPath(_ kind: Kind, _ name: String) -> String {
        switch kind {
        case .clib, .csource, .module: "Sources/\(name)"
        case .program: "tools/\(name)"
        case .tests: "Tests/\(name)"
        }
    }

    /// The text up to the bracket that closes what was opened before it.
    private static func balanced(_ text: Substring) -> Substring {
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(", "[": depth += 1
            case ")", "]":
                if depth == 0 { return text[..<index] }
                depth -= 1
            default: break
            }
        }
        return text
    }

    /// The items of a list, without the commas between them.
    private static func items(_ list: Substring) -> [Substring] {
        var items: [Substring] = []
        var depth = 0
        var start = list.startIndex
        for index in list.indices {
            switch list[index] {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "," where depth == 0:
                items.append(list[start..<index])
                start = list.index(after: index)
            default: break
            }
        }
        items.append(list[start...])
        return items.map { item in
            let head = item.drop { $0.isWhitespace }
            return head.lastIndex { !$0.isWhitespace }.map { head[...$0] } ?? ""
        }.filter { !$0.isEmpty }
    }
}
