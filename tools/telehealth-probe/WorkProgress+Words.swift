internal import TelehealthAPI
internal import TextFormats

extension Telehealth_V1_WorkProgress {
    /// For a line of a terminal: "copying, 12.5 of 40.0 MiB (31 %)".
    var words: DisplayText {
        switch phase {
        case .waiting: "waiting for its turn…"
        case .copying: "copying\(amount { (Double($0) / 1_048_576).text(decimals: 1) + ($1 ? " MiB" : "") })"
        case .structure: "checking the structure…"
        case .values: "opening sealed values\(amount { "\($0)" + ($1 ? " rows" : "") })"
        case .log: "checking the log\(amount { "\($0)" + ($1 ? " rows" : "") })"
        case .unspecified, .unrecognized: "working…"
        }
    }

    /// - Parameter number: formats it, with its unit if the second argument is true.
    private func amount(_ number: (Int64, Bool) -> String) -> DisplayText {
        guard total > 0 else { return done > 0 ? ", \(number(done, true))" : "…" }
        return ", \(number(done, false)) of \(number(total, true)) (\(Int(Double(done) / Double(total) * 100)) %)"
    }
}
