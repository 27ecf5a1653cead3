/// One thing an operator may set: its key, its kind, its default and its meaning.
///
/// The environment name follows from the key (`telehealth.dataDir` is `TELEHEALTH_DATA_DIR`), the flag from that
/// (`--data-dir`; keys of other families keep their family: `--aws-region`). In a JSON file its place is the key's
/// path.
///
/// No setting holds a secret: keys lie in files, and settings name the files.
struct Setting: Sendable {
    enum Kind: Sendable {
        case text
        /// Words separated by commas.
        case list
        case integer(ClosedRange<Int>)
        case boolean
        /// A whole number with a unit: `200ms`, `15s`, `15m`, `24h`, `365d`; between these two, both in that form.
        case duration(String, String)
        /// One of these words.
        case choice([String])
    }

    let key: String
    let kind: Kind
    /// The default, in the form that a flag has.
    let fallback: String
    /// One line of help, without a full stop.
    let meaning: String
    let environmentName: String
    let flag: String

    init(_ key: String, _ kind: Kind, _ fallback: String, _ meaning: String) {
        self.key = key
        self.kind = kind
        self.fallback = fallback
        self.meaning = meaning
        environmentName = Self.environmentName(of: key)
        flag = Self.flag(of: environmentName)
    }

    /// Keys are ASCII, so their bytes are enough: Unicode's tables cost a start 4 % of its time.
    private static func environmentName(of key: String) -> String {
        var name: [UInt8] = []
        for byte in key.utf8 {
            switch byte {
            case UInt8(ascii: "."): name.append(UInt8(ascii: "_"))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): name += [UInt8(ascii: "_"), byte]
            case UInt8(ascii: "a")...UInt8(ascii: "z"): name.append(byte - 32)
            default: name.append(byte)
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func flag(of environmentName: String) -> String {
        let prefix = "TELEHEALTH_"
        let name = environmentName.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "_"): UInt8(ascii: "-")
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            default: byte
            }
        }
        let rest = environmentName.hasPrefix(prefix) ? name.dropFirst(prefix.utf8.count) : name[...]
        return "--" + String(decoding: rest, as: UTF8.self)
    }

    /// As errors and advice name it: `TELEHEALTH_DATA_DIR (--data-dir)`.
    var title: String { "\(environmentName) (\(flag))" }
}
