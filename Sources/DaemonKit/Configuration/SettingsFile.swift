internal import DurableFile
internal import TextFormats

/// The JSON file of `--config`: an object of settings, nested as the dots in their keys say.
struct SettingsFile {
    struct NotAnObject: Error, CustomStringConvertible {
        var description: String { "the document is not an object" }
    }

    /// Far more than every setting there is.
    private static let bytesMax = JSONText.bytesMax

    let path: String
    /// Values by key; a `null` counts as not set.
    private(set) var values: [String: JSONText] = [:]
    /// Sentences about names that are unknown or set twice, in alphabetical order.
    private(set) var faults: [String] = []

    /// - Throws: ``NotAnObject``, a `FileFailure`, or a `JSONTextError` with the place.
    init(path: String) throws {
        let bytes = try SmallFile.read(path, bytesMax: Self.bytesMax, .open)
        guard case .object(let members) = try JSONText(parsing: Array(bytes.withoutByteOrderMark)) else {
            throw NotAnObject()
        }
        self.path = path
        collect(members, under: "")
        faults.sort()
    }

    private mutating func collect(_ members: [String: JSONText], under prefix: String) {
        for (name, member) in members {
            let key = prefix + name
            if SettingTable.row(key) != nil {
                if member == .null { continue }
                if values.updateValue(member, forKey: key) != nil { faults.append("\(key): set twice; keep one") }
            } else if case .object(let inner) = member, isFamily(key) || !inner.isEmpty {
                collect(inner, under: key + ".")
            } else {
                faults.append("\(key): unknown setting; \(NearestWord.hint(key, among: SettingTable.all.map(\.key)))")
            }
        }
    }

    /// Whether settings begin with this key and a dot.
    private func isFamily(_ key: String) -> Bool { SettingTable.all.contains { $0.key.hasPrefix(key + ".") } }
}
