internal import DurableFile
internal import FoundationEssentials
internal import TelehealthModel
internal import TelehealthRules
internal import TextFormats

extension JurisdictionPolicies {
    /// The built-in policies, and those of the configured folder in place of built-in ones of the same place.
    init(_ reader: inout SettingReader) {
        self = .builtIn
        home = reader.text("telehealth.homePlace")
        let folder = reader.text("telehealth.policyDir")
        if !folder.isEmpty { read(folder, &reader) }
        if policies[home] == nil {
            let known = policies.keys.sorted().joined(separator: ", ")
            reader.refuse(
                "telehealth.homePlace",
                "there is no policy for '\(home)': use one of \(known), or add a policy file to --policy-dir")
        }
    }

    /// The built-in ones have about 4 KiB.
    private var policyBytesMax: Int { 1024 * 1024 }

    private mutating func read(_ folder: String, _ reader: inout SettingReader) {
        let key = "telehealth.policyDir"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            reader.refuse(key, "'\(folder)' cannot be read as a folder: check its path and permissions")
            return
        }
        var found: Set<String> = []
        for name in names.sorted() where name.hasSuffix(".json") {
            do {
                let file = try SmallFile.read("\(folder)/\(name)", bytesMax: policyBytesMax, .open)
                let policy = try JurisdictionPolicy(json: Array(file.withoutByteOrderMark))
                if !found.insert(policy.id).inserted {
                    reader.refuse(key, "\(name): another file already has the policy of \(policy.id): keep one")
                }
                for outdated in policy.outdatedNames {
                    let id = ConsentType(outdatedName: outdated)?.id ?? outdated
                    reader.advise(
                        key, "\(name): write \(id) instead of \(outdated), which the next release will not accept")
                }
                if policy.admitsThirdPartiesFreely {
                    reader.advise(
                        key, "\(name): requires no third_party_presence consent, so third parties are admitted without one")
                }
                put(policy)
            } catch let error as JurisdictionPolicyError {
                reader.refuse(key, "\(name): \(error)")
            } catch {
                reader.refuse(key, "\(error)")
            }
        }
    }
}
