/// Writes metrics in Prometheus' text format, version 0.0.4.
///
/// Families are written whole, one after another: ``family(_:_:_:)`` and then its samples.
public struct MetricsText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public enum Kind: String, Sendable { case counter, gauge, histogram }

    public private(set) var text = ""
    private var name = ""

    public init() {}

    /// Begins a family.
    ///
    /// - Parameters:
    ///   - name: letters, digits and `_`; a counter's ends in `_total`.
    ///   - help: one line.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// - Parameter suffix: `_bucket`, `_sum` or `_count` of a histogram.
    public mutating func sample(
        _ value: Double, _ labels: KeyValuePairs<String, String> = [:], suffix: String = ""
    ) {
        text += name + suffix
        if !labels.isEmpty {
            text += "{"
            var separator = ""
            for (label, value) in labels {
                text += "\(separator)\(label)=\"\(Self.escaped(value))\""
                separator = ","
            }
            text += "}"
        }
        let whole = Int64(exactly: value)
        text += whole.map { " \($0)\n" } ?? " \(value)\n"
    }

    public mutating func sample(_ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
        sample(Double(value), labels)
    }

    /// A family of one sample.
    public mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        family(name, kind, help)
        sample(value)
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
