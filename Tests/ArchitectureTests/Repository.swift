import Foundation

/// The tree that this file is part of.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func manifest() throws -> Manifest { try Manifest(text: text("Package.swift")) }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Paths below `folder`, relative to the root, in order; what a build or a run leaves behind is not
    /// looked at.
    static func files(in folder: String = "", withExtensions extensions: Set<String>) -> [String] {
        let base = folder.isEmpty ? root : root.appending(path: folder)
        guard
            let enumerator = FileManager.default.enumerator(
                at: base, includingPropertiesForKeys: [.isDirectoryKey])
        else { return [] }
        var paths: [String] = []
        for case let url as URL in enumerator {
            let name = url.lastPathComponent
            if name == ".git" || name.hasPrefix(".build") || name.hasPrefix(".venv") || name == "__pycache__"
                || name == ".cache" || name == ".pytest_cache"
                || (name == "data" && url.deletingLastPathComponent().path == root.path)
            {
                enumerator.skipDescendants()
            } else if extensions.contains(url.pathExtension) {
                paths.append(String(url.path.dropFirst(root.path.count).drop { $0 == "/" }))
            }
        }
        return paths.sorted()
    }

    /// Every Swift file of the tree, read once for all tests.
    static let sources: [SwiftSource] = files(withExtensions: ["swift"]).compactMap { path in
        (try? text(path)).map { SwiftSource(path: path, text: $0) }
    }

    static func sources(in folder: String) -> [SwiftSource] {
        sources.filter { $0.path.hasPrefix(folder + "/") }
    }

    /// The Swift files that people write, with the manifest.
    static var handwritten: [SwiftSource] { sources.filter { !isGenerated($0.path) } }

    static func isGenerated(_ path: String) -> Bool {
        path.hasPrefix("generated/") || path.contains("/Generated/") || path.hasSuffix(".pb.swift")
    }

    static func isPresent(_ target: Manifest.Target) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: target.path).path)
    }
}
