internal import DurableFile
internal import FoundationEssentials
internal import TelehealthCore
internal import TextFormats

extension PlaceBook {
    /// The program's own policies, and those of the configured folder over them.
    init(_ reader: inout SettingReader) {
        self = .builtIn
        home = reader.text("telehealth.homePlace")
        let folder = reader.text("telehealth.policyDir")
        if !folder.isEmpty { read(folder, &reader) }
        if policies[home] == nil {
            reader.refuse("telehealth.homePlace", "there is no policy for \(home)")
        }
    }

    /// The program's own have some 4 KiB.
    private var policyBytesMax: Int { 1024 * 1024 }

    private mutating func read(_ folder: String, _ reader: inout SettingReader) {
        let key = "telehealth.policyDir"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            reader.refuse(key, "'\(folder)' is no folder that can be read")
            return
        }
        var found: Set<String> = []
        for name in names.sorted() where name.hasSuffix(".json") {
            do {
                let file = try SmallFile.read("\(folder)/\(name)", bytesMax: policyBytesMax, .open)
                let policy = try PlacePolicy(json: Array(file.withoutByteOrderMark))
                if !found.insert(policy.id).inserted {
                    reader.refuse(key, "\(name): another file has the place \(policy.id) already")
                }
                for outdated in policy.outdatedNames {
                    let id = ConsentType(outdatedName: outdated)?.id ?? outdated
                    reader.advise(key, "\(name): write \(id) for \(outdated): the next release will not know it")
                }
                if policy.admitsThirdPartiesFreely {
                    reader.advise(key, "\(name): asks for no third_party_presence, so everybody may be let in")
                }
                put(policy)
            } catch let error as PlacePolicyError {
                reader.refuse(key, "\(name): \(error)")
            } catch {
                reader.refuse(key, "\(error)")
            }
        }
    }
}
