/// Where the code of each file of a request goes: no two files to one place.
///
/// Nothing generated names an output, so who would share one with another can give way, both of them: which of the two
/// comes first says nothing.
struct OutputPaths {
    private var paths: [String: String]

    init(of files: [String]) {
        paths = Dictionary(files.map { ($0, NamingRules.outputPath(of: $0)) }) { first, _ in first }
        while true {
            let owners = Dictionary(grouping: paths.keys) { paths[$0, default: ""].lowercased() }
            let giving = owners.values.filter { $0.count > 1 }.joined()
                .filter { paths[$0] != NamingRules.unmistakableOutputPath(of: $0) }
            if giving.isEmpty { return }
            for file in giving { paths[file] = NamingRules.unmistakableOutputPath(of: file) }
        }
    }

    subscript(file: String) -> String { paths[file] ?? NamingRules.outputPath(of: file) }
}
