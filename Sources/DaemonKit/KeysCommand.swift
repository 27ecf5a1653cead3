internal import AuditChain
internal import FoundationEssentials
internal import Identity
internal import Storage
internal import StorageSQLite
internal import TelehealthModel
internal import TextFormats

/// `telehealthd keys …`: lists or changes the key ring, or replaces the key of receipts. A running daemon follows
/// within a second.
enum KeysCommand {
    enum Verb: Equatable {
        case list, create, rotate, rotateReceipts
        case remove(UInt32)

        init(_ arguments: inout ArraySlice<String>) throws(ConfigurationFailure) {
            let word = arguments.popFirst()
            switch word {
            case "list": self = .list
            case "create": self = .create
            case "rotate": self = .rotate
            case "rotate-receipts": self = .rotateReceipts
            case "remove":
                guard let id = arguments.popFirst().flatMap({ UInt32($0) }) else {
                    throw ConfigurationFailure(sentences: ["keys remove: needs the id of a key, as keys list shows it"])
                }
                self = .remove(id)
            default:
                let found = word.map { "unknown command '\($0)'" } ?? "a command is missing"
                throw ConfigurationFailure(
                    sentences: ["keys: \(found); use list, create, rotate, remove ID or rotate-receipts"])
            }
        }
    }

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// - Returns: what to print.
    static func run(_ verb: Verb, _ file: KeyRingFile, receiptKeyFile: String) throws -> DisplayText {
        switch verb {
        case .rotateReceipts: return try rotateReceipts(receiptKeyFile)
        case .list: return table(try file.read())
        case .create: return table(try file.make())
        case .rotate:
            guard try file.update({ ring, now in ring.rotate(now: now) }) != nil else {
                throw Refusal(description: "the key ring is full: remove retired keys first (telehealthd keys remove ID)")
            }
            return table(try file.read())
        case .remove(let id):
            guard try file.update({ ring, _ in ring.remove(id) }) else {
                throw Refusal(
                    description: "key \(id) cannot be removed: only retired keys of the ring can, because rows may be sealed with"
                        + " others; see telehealthd keys list")
            }
            return table(try file.read())
        }
    }

    private static func rotateReceipts(_ path: String) throws -> DisplayText {
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        do throws(KeySetError) {
            let keys = try ReceiptKeyFile.rotate(path, now: now)
            let rows: [DisplayText] =
                ["\(keys.signer.publicKey.id)\tcurrent"]
                + keys.retired.reversed().map { "\($0.key.id)\tretired since \($0.retiredAt.rfc3339)" }
            return (["key\tstate"] + rows).joined(separator: "\n")
        } catch {
            throw Refusal(
                description: "the key of receipts at \(path) cannot be rotated: \(error); the service creates the first one"
                    + " when it starts")
        }
    }

    /// Never a secret: ids, dates and states.
    private static func table(_ ring: KeyRing) -> DisplayText {
        // Someone may have edited the file: no later than the year 9999.
        func date(_ seconds: Int64) -> String {
            Timestamp(microseconds: min(max(0, seconds), 253_402_300_799) * 1_000_000).rfc3339
        }
        let rows = ring.list.map { key -> DisplayText in
            let state =
                key.isCurrent
                ? "current" : key.retiredAt.map { "retired since \(date($0))" } ?? "older rows are being sealed with the current key"
            return "\(key.id)\t\(date(key.createdAt))\t\(state)"
        }
        return (["key\tcreated\tstate"] + rows).joined(separator: "\n")
    }
}
