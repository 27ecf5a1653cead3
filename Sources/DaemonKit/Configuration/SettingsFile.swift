internal import Configuration
internal import DurableFile
internal import FoundationEssentials
internal import TelehealthCore
internal import TextFormats

/// The JSON file of `--config`: an object of settings, nested as the dots in their keys say.
///
/// Read with our own parser: the library's needs all of Foundation, which costs the daemon twice the memory of
/// everything else.
struct SettingsFile {
    enum Problem: Error, CustomStringConvertible {
        case noObject

        var description: String {
            switch self {
            case .noObject: "the document is no object"
            }
        }
    }

    /// Far more than every setting there is.
    private static let bytesMax = 1024 * 1024

    let provider: any ConfigProvider
    /// Sentences about names that are no setting, or stand twice.
    let faults: [String]

    /// - Throws: ``Problem``, a `FileFailure`, or a ``JSONTextError`` with the place.
    init(path: String) throws {
        let bytes = try SmallFile.read(path, bytesMax: Self.bytesMax, .open)
        let document = try JSONText(parsing: Array(bytes.withoutByteOrderMark))
        guard case .object(let members) = document else { throw Problem.noObject }
        var reading = Reading()
        reading.collect(members, under: [])
        provider = InMemoryProvider(name: path, values: reading.values)
        faults = reading.faults.sorted()
    }
}

/// What was found so far.
private struct Reading {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    var faults: [String] = []

    mutating func collect(_ members: [String: JSONText], under path: [String]) {
        for (name, member) in members {
            let path = path + name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let key = path.joined(separator: ".")
            let content: ConfigContent
            switch member {
            case .object(let members) where SettingTable.row(key) == nil && !members.isEmpty:
                collect(members, under: path)
                continue
            case .object where SettingTable.all.contains { $0.key.hasPrefix(key + ".") }: continue
            // A type that no setting has, which the reader then says by the setting's name.
            case .object: content = .stringArray([])
            case .null: content = .string("")
            case .string(let text): content = .string(text)
            case .number(let number): content = .int(Int(number))
            case .fraction(let number): content = .double(number)
            case .bool(let flag): content = .bool(flag)
            case .array(let elements): content = Self.list(elements, for: key)
            }
            guard SettingTable.row(key) != nil else {
                let meant = NearestWord.of(key, among: SettingTable.all.map(\.key))
                faults.append("\(key): is no setting of telehealthd\(meant.map { "; did you mean \($0)?" } ?? "")")
                continue
            }
            // As good as not there.
            if case .null = member { continue }
            let place = AbsoluteConfigKey(path)
            if values.updateValue(ConfigValue(content, isSecret: false), forKey: place) != nil {
                faults.append("\(key): stands twice")
            }
        }
    }

    /// Words of a list setting, in the form that flags have. Anything else becomes a type that no setting has, which
    /// the reader then says by the setting's name.
    private static func list(_ elements: [JSONText], for key: String) -> ConfigContent {
        guard case .list? = SettingTable.row(key)?.kind else { return .stringArray([]) }
        var words: [String] = []
        for element in elements {
            // A comma would make two words of one.
            guard case .string(let word) = element, !word.contains(",") else { return .stringArray([]) }
            words.append(word)
        }
        return .string(words.joined(separator: ","))
    }
}
