internal import RPCModel

/// What a run has seen, and whether that is enough to mean something.
struct Tally {
    /// An RPC that is hardly ever OK has rules that nothing reached.
    static let okMin = 100

    struct Line {
        var calls = 0
        /// Calls that a number at an end of its type was put into: most are to be refused, so they count apart.
        var swept = 0
        var passed = 0
        var ok = 0
        var reasons: [String: Int] = [:]
    }

    private(set) var lines: [String: Line] = [:]
    private(set) var statuses: Set<String> = []
    private(set) var faults: [String] = []

    init(_ methods: [String]) { for method in methods { lines[method] = Line() } }

    var calls: Int { lines.values.reduce(0) { $0 + $1.calls + $1.swept } }

    mutating func note(_ method: String, _ outcome: Outcome, isSwept: Bool) {
        guard !isSwept else {
            lines[method, default: Line()].swept += 1
            return
        }
        lines[method, default: Line()].calls += 1
        if outcome.passedValidation { lines[method, default: Line()].passed += 1 }
        if outcome.isOK { lines[method, default: Line()].ok += 1 }
        var word = outcome.code.map { outcome.reason.isEmpty ? "\($0)" : outcome.reason } ?? "OK"
        if let field = outcome.fields.first { word += "(\(field))" }
        lines[method, default: Line()].reasons[word, default: 0] += 1
    }

    mutating func saw(status: String) { statuses.insert(status) }
    mutating func fault(_ sentence: String) { if faults.count < 20 { faults.append(sentence) } }

    /// Whether so much is wrong that more would only repeat it.
    var isAtFault: Bool { faults.count >= 5 }
    /// The RPC, by its name, that was OK so often that only `rank` others were OK less often.
    func rare(_ rank: Int) -> String {
        let path = lines.sorted { ($0.value.ok, $0.key) < ($1.value.ok, $1.key) }.dropFirst(rank).first?.key ?? ""
        return String(path.split(separator: "/").last ?? "")
    }
    var isEnough: Bool { lines.values.allSatisfy { $0.ok >= Self.okMin } }

    /// Sentences about what is wrong with the run; empty: all held.
    func verdict(statuses wanted: [String]) -> [String] {
        var found = faults
        for (method, line) in lines.sorted(by: { $0.key < $1.key }) {
            if line.passed * 2 < line.calls {
                found.append("\(method): only \(line.passed) of \(line.calls) calls passed validation")
            }
            if line.ok < Self.okMin { found.append("\(method): only \(line.ok) calls were OK") }
        }
        for status in wanted where !statuses.contains(status) { found.append("no session was ever \(status)") }
        return found
    }

    /// One row for each RPC.
    func table(withReasons: Bool) -> String {
        func padded(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: " ", count: max(0, 9 - digits.count)) + digits
        }
        let rows = lines.sorted { $0.key < $1.key }.map { method, line in
            var row = "\(padded(line.swept))\(padded(line.calls))\(padded(line.passed))\(padded(line.ok))  \(method)"
            if withReasons {
                let words = line.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6)
                row += "  " + words.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            }
            return row
        }
        return (["    swept    drawn   passed       OK"] + rows).joined(separator: "\n")
    }
}
