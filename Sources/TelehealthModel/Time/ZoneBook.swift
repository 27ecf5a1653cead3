/// The time zones of the IANA database: their names, and how their clocks go now.
///
/// Compiled in, so that a machine without time zone data judges as every other does. A rule that changes after this
/// program was built moves a day's begin by an hour, until the program is renewed.
public enum ZoneBook {
    private static let rules: [String: ZoneRule] = {
        var rules: [String: ZoneRule] = [:]
        for line in String(decoding: PackageResources.zones_txt, as: UTF8.self).split(separator: "\n")
        where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            guard let rule = ZoneRule(posix: words[0]) else {
                preconditionFailure("a time zone of the program itself cannot be read: \(words[0])")
            }
            for name in words.dropFirst() { rules[String(name)] = rule }
        }
        return rules
    }()

    /// Whether the database has this name, written as it writes it ("America/New_York"); links count.
    public static func knows(_ name: String) -> Bool { rules[name] != nil }

    package static func rule(_ name: String) -> ZoneRule? { rules[name] }

    /// How many names there are.
    static var count: Int { rules.count }
}
