internal import TelehealthModel
internal import TextFormats

/// What is wrong with a policy file, in words for whoever wrote it.
public struct JurisdictionPolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension JurisdictionPolicy {
    /// Reads a policy file. Members that are not known are refused, so that a misspelled rule is not a missing one.
    ///
    /// - Throws: ``JurisdictionPolicyError``: the file's fault.
    public init(json bytes: [UInt8]) throws(JurisdictionPolicyError) {
        let document: JSONText
        do { document = try JSONText(parsing: bytes) } catch { throw JurisdictionPolicyError("invalid JSON: \(error)") }
        let root = try PolicyMembers(
            document, at: "the policy",
            known: [
                "place", "version", "title", "ageOfMajority", "timeZones", "citations", "consentTypes", "evidence",
                "requirements",
            ])
        id = try root.text("place")
        guard Self.isPlace(id) else {
            throw JurisdictionPolicyError("place: must be \"default\", or upper-case letters and dashes such as US-GA")
        }
        version = try root.text("version")
        title = try root.text("title")
        ageOfMajority = Int(clamping: try root.number("ageOfMajority", in: 1...30))
        timeZones = root["timeZones"] == nil ? [] : try root.texts("timeZones")
        if let unknown = timeZones.first(where: { !ZoneBook.knows($0) }) {
            throw JurisdictionPolicyError("timeZones: \(unknown) is not a name of the IANA time zone database")
        }
        // Somewhere on Earth: days begin first at UTC+14 and last at UTC-12.
        zones =
            timeZones.isEmpty
            ? [ZoneRule(fixed: 14 * 3600), ZoneRule(fixed: -12 * 3600)] : timeZones.compactMap(ZoneBook.rule)
        var citations: [Citation] = []
        for (index, item) in try root.list("citations").enumerated() {
            let members = try PolicyMembers(item, at: "citations[\(index)]", known: ["id", "source", "says"])
            citations.append(
                Citation(
                    id: try members.text("id"), source: try members.text("source"),
                    says: try members.text("says")))
        }
        self.citations = citations
        evidence = try Self.evidence(root)
        var requirements: [Requirement] = []
        let known = Set(citations.map(\.id))
        guard known.count == citations.count else {
            throw JurisdictionPolicyError("citations: an id appears twice")
        }
        definitions = try Self.definitions(root)
        var types = TypeNames(definitions: definitions)
        for (index, item) in try root.list("requirements").enumerated() {
            requirements.append(
                try Requirement(json: item, at: "requirements[\(index)]", citations: known, types: &types))
        }
        guard requirements.contains(where: { $0.action == .record }) else {
            throw JurisdictionPolicyError("requirements: one for RECORD is missing; recording requires the type recording")
        }
        self.requirements = requirements
        outdatedNames = types.outdated
    }

    private static func definitions(_ root: PolicyMembers) throws(JurisdictionPolicyError) -> [Definition] {
        guard root["consentTypes"] != nil else { return [] }
        var definitions: [Definition] = []
        for (index, item) in try root.list("consentTypes").enumerated() {
            let path = "consentTypes[\(index)]"
            let members = try PolicyMembers(item, at: path, known: ["id", "title"])
            let id = try members.text("id")
            guard let type = ConsentType(id: id) else {
                throw JurisdictionPolicyError(
                    "\(path).id: must be 1 to \(ConsentType.idBytesMax) characters of a-z 0-9 _, a letter first")
            }
            if ConsentType.builtIn.contains(type) {
                throw JurisdictionPolicyError("\(path).id: \(id) is a built-in type, which a policy cannot define")
            }
            if definitions.contains(where: { $0.type == type }) {
                throw JurisdictionPolicyError("\(path).id: \(id) appears twice")
            }
            definitions.append(Definition(type: type, title: try members.text("title")))
        }
        return definitions
    }

    private static func evidence(_ root: PolicyMembers) throws(JurisdictionPolicyError) -> [ConsentMethod:
        [Evidence]]
    {
        guard case .object(let members)? = root["evidence"] else { return [:] }
        var evidence: [ConsentMethod: [Evidence]] = [:]
        for (name, list) in members {
            guard let method = ConsentMethod.allCases.first(where: { wireName($0) == name }) else {
                throw JurisdictionPolicyError("evidence: unknown method \(name)")
            }
            var pieces: [Evidence] = []
            for item in list.arrayValue ?? [] {
                guard let piece = Evidence.allCases.first(where: { $0.name == item.stringValue }) else {
                    throw JurisdictionPolicyError(
                        "evidence.\(name): names none of \(Evidence.allCases.map(\.name).joined(separator: ", "))"
                    )
                }
                pieces.append(piece)
            }
            evidence[method] = pieces
        }
        return evidence
    }

    /// "default", or a place's code.
    private static func isPlace(_ id: String) -> Bool {
        if id == JurisdictionPolicies.defaultPlace { return true }
        return (2...16).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || $0 == UInt8(ascii: "-")
            }
    }
}

extension JurisdictionPolicy.Requirement {
    fileprivate init(
        json: JSONText, at path: String, citations known: Set<String>, types names: inout TypeNames
    ) throws(JurisdictionPolicyError) {
        let members = try PolicyMembers(
            json, at: path,
            known: [
                "action", "of", "whenPresent", "types", "methods", "alsoVerbal", "perSession", "validity",
                "renewalWindow", "versionGrace", "citations",
            ])
        action = try members.choice("action")
        roles = try members.roles("of")
        whenPresent = members["whenPresent"] == nil ? nil : try members.roles("whenPresent")
        types = try names.types(members.texts("types"), at: "\(path).types")
        methods = Set(try members.choices("methods"))
        needsVerbalToo = try members.flag("alsoVerbal")
        perSession = try members.flag("perSession")
        validity = try members.duration("validity")
        renewalWindow = try members.duration("renewalWindow")
        versionGrace = try members.duration("versionGrace")
        citations = try members.texts("citations")
        if let unknown = citations.first(where: { !known.contains($0) }) {
            throw JurisdictionPolicyError("\(path).citations: unknown citation \(unknown)")
        }
        guard validity > .zero else { throw JurisdictionPolicyError("\(path).validity: must be above 0") }
        guard action != .record || !methods.contains(.verbal) else {
            throw JurisdictionPolicyError("\(path).methods: a recording requires a written consent")
        }
        // Captures stop and third parties leave when a consent of this type ends: another one would not make them.
        let own: [ConsentAction: ConsentType] = [.record: .recording, .thirdParty: .thirdPartyPresence]
        if let type = own[action], types != [type] {
            throw JurisdictionPolicyError("\(path).types: \(wireName(action)) requires exactly the type \(type.id)")
        }
    }
}

/// The names of types that a policy file may use: of the program's own, and of those that it defines.
private struct TypeNames {
    private let known: [ConsentType]
    /// Those met that only the release before wrote.
    private(set) var outdated: [String] = []

    init(definitions: [JurisdictionPolicy.Definition]) { known = ConsentType.builtIn + definitions.map(\.type) }

    mutating func types(_ names: [String], at path: String) throws(JurisdictionPolicyError) -> [ConsentType] {
        var types: [ConsentType] = []
        for name in names {
            if let type = known.first(where: { $0.id == name }) {
                types.append(type)
            } else if let type = ConsentType(outdatedName: name) {
                types.append(type)
                if !outdated.contains(name) { outdated.append(name) }
            } else {
                let ids = known.map(\.id).joined(separator: ", ")
                throw JurisdictionPolicyError("\(path): '\(name)' is none of \(ids), and consentTypes does not define it")
            }
        }
        return types
    }
}

/// One object of a policy file, read member by member.
private struct PolicyMembers {
    private let members: [String: JSONText]
    private let path: String

    init(_ value: JSONText, at path: String, known: Set<String>) throws(JurisdictionPolicyError) {
        guard case .object(let members) = value else { throw JurisdictionPolicyError("\(path): must be an object") }
        if let unknown = members.keys.filter({ !known.contains($0) }).min() {
            throw JurisdictionPolicyError("\(path): unknown member \(unknown)")
        }
        self.members = members
        self.path = path
    }

    subscript(key: String) -> JSONText? { members[key] }

    private func fault(_ key: String, _ problem: String) -> JurisdictionPolicyError {
        JurisdictionPolicyError("\(path).\(key): \(problem)")
    }

    func text(_ key: String) throws(JurisdictionPolicyError) -> String {
        guard let text = members[key]?.stringValue, !text.isEmpty else { throw fault(key, "must be a string") }
        return text
    }

    func number(_ key: String, in range: ClosedRange<Int64>) throws(JurisdictionPolicyError) -> Int64 {
        guard let number = members[key]?.numberValue, range.contains(number) else {
            throw fault(key, "must be \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ key: String) throws(JurisdictionPolicyError) -> Bool {
        switch members[key] {
        case nil: false
        case .bool(let value)?: value
        default: throw fault(key, "must be true or false")
        }
    }

    func list(_ key: String) throws(JurisdictionPolicyError) -> [JSONText] {
        guard let items = members[key]?.arrayValue else { throw fault(key, "must be a list") }
        return items
    }

    func texts(_ key: String) throws(JurisdictionPolicyError) -> [String] {
        var texts: [String] = []
        for item in try list(key) {
            guard let text = item.stringValue, !text.isEmpty else { throw fault(key, "must contain strings") }
            texts.append(text)
        }
        guard !texts.isEmpty else { throw fault(key, "must not be empty") }
        return texts
    }

    /// Roles by their public names: of one role ("OBSERVER"), or of all whose consents are kept alike ("THIRD_PARTY",
    /// "CLINICIAN"); nil = "*", everybody.
    func roles(_ key: String) throws(JurisdictionPolicyError) -> Set<ParticipantRole>? {
        let names = try texts(key)
        var roles: Set<ParticipantRole> = []
        for name in names where name != "*" {
            let meant = ParticipantRole.allCases.filter { wireName($0) == name || wireName($0.consentRole) == name }
            guard !meant.isEmpty else {
                let known = ParticipantRole.allCases.map { wireName($0) }.joined(separator: ", ")
                throw fault(key, "'\(name)' is none of \(known), THIRD_PARTY, *")
            }
            roles.formUnion(meant)
        }
        return names.contains("*") ? nil : roles
    }

    func choices<Choice: RawRepresentable<String> & CaseIterable>(_ key: String) throws(JurisdictionPolicyError)
        -> [Choice]
    {
        var choices: [Choice] = []
        for name in try texts(key) {
            guard let choice = Choice.allCases.first(where: { wireName($0) == name }) else {
                let names = Choice.allCases.map { wireName($0) }.joined(separator: ", ")
                throw fault(key, "'\(name)' is none of \(names)")
            }
            choices.append(choice)
        }
        return choices
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String) throws(JurisdictionPolicyError)
        -> Choice
    {
        let name = try text(key)
        guard let choice = Choice.allCases.first(where: { wireName($0) == name }) else {
            let names = Choice.allCases.map { wireName($0) }.joined(separator: ", ")
            throw fault(key, "'\(name)' is none of \(names)")
        }
        return choice
    }

    /// A whole number with the unit d or h.
    func duration(_ key: String) throws(JurisdictionPolicyError) -> Duration {
        let text = try text(key)
        let units: [Character: Int64] = ["d": 86_400, "h": 3600]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()),
            (0...36_500).contains(count)
        else { throw fault(key, "must be a whole number with d or h, such as 365d") }
        return .seconds(count * unit)
    }
}
