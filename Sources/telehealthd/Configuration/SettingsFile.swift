internal import Configuration
internal import DurableFile
internal import FoundationEssentials
internal import TelehealthCore

/// The JSON file of `--config`: an object of settings, nested as the dots in their keys say.
///
/// Read with our own parser: the library's needs all of Foundation, which costs the daemon twice the memory of
/// everything else.
enum SettingsFile {
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

    /// - Throws: ``Problem``, a `FileFailure`, or a ``JSONTextError`` with the place.
    static func provider(path: String) throws -> any ConfigProvider {
        let document = try JSONText(parsing: try SmallFile.read(path, bytesMax: bytesMax, .open))
        guard case .object(let members) = document else { throw Problem.noObject }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        collect(members, under: [], into: &values)
        return InMemoryProvider(name: path, values: values)
    }

    private static func collect(
        _ members: [String: JSONText], under path: [String], into values: inout [AbsoluteConfigKey: ConfigValue]
    ) {
        for (name, member) in members {
            let path = path + name.split(separator: ".").map(String.init)
            let content: ConfigContent
            switch member {
            // As good as not there.
            case .null: continue
            case .object(let members):
                collect(members, under: path, into: &values)
                continue
            case .string(let text): content = .string(text)
            case .number(let number): content = .int(Int(number))
            case .fraction(let number): content = .double(number)
            case .bool(let flag): content = .bool(flag)
            case .array(let elements): content = list(elements, for: path)
            }
            values[AbsoluteConfigKey(path)] = ConfigValue(content, isSecret: false)
        }
    }

    /// Words of a list setting, in the form that flags have. Anything else becomes a type that no setting has, which
    /// the reader then says by the setting's name.
    private static func list(_ elements: [JSONText], for path: [String]) -> ConfigContent {
        guard case .list? = SettingTable.row(path.joined(separator: "."))?.kind else { return .stringArray([]) }
        var words: [String] = []
        for element in elements {
            // A comma would make two words of one.
            guard case .string(let word) = element, !word.contains(",") else { return .stringArray([]) }
            words.append(word)
        }
        return .string(words.joined(separator: ","))
    }
}
