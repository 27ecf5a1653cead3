import Testing

@testable import DaemonKit

@Suite("The table of settings") struct SettingTableTests {
    @Test func `no two settings share a key, a flag or a variable`() {
        let all = SettingTable.all
        #expect(all.count > 90)
        #expect(Set(all.map(\.key)).count == all.count)
        #expect(Set(all.map(\.flag)).count == all.count)
        #expect(Set(all.map(\.environmentName)).count == all.count)
        #expect(SettingTable.groups.flatMap(\.settings).map(\.key) == all.map(\.key))
    }

    @Test(arguments: SettingTable.all)
    func `a default is a value that the setting itself allows`(setting: Setting) {
        #expect(setting.kind.normalized(setting.fallback) == setting.fallback)
    }

    @Test func `every setting is read once, and its default is what is used`() throws {
        let effective = try configuration().effective
        #expect(effective.map(\.setting.key).sorted() == SettingTable.all.map(\.key).sorted())
        for row in effective {
            #expect(row.source == .fallback && row.text == row.setting.fallback, "\(row.setting.key)")
        }
    }

    @Test(arguments: SettingTable.all)
    func `a flag overrides the environment, which overrides the file, which overrides the default`(
        setting: Setting
    ) throws {
        let folder = try TemporaryFolder()
        let other = setting.another
        let json: String
        switch setting.kind {
        case .integer, .boolean: json = other
        case .text, .list, .duration, .choice: json = "\"\(other)\""
        }
        let file = try folder.write("settings.json", "{\"\(setting.key)\": \(json)}")

        func inForce(_ flags: [String: String], _ environment: [String: String], _ file: String?) throws
            -> [String]
        {
            var reader = try SettingReader(flags: flags, environment: environment, file: file)
            _ = reader.text(setting.key)
            #expect(reader.sentences == [])
            return reader.effective.flatMap { [$0.text, $0.source.rawValue] }
        }
        let variable = [setting.environmentName: other]
        #expect(try inForce([:], [:], nil) == [setting.fallback, "default"])
        #expect(try inForce([:], [:], file) == [other, "file"])
        #expect(try inForce([:], variable, file) == [other, "environment"])
        #expect(try inForce([setting.key: other], variable, file) == [other, "flag"])
        #expect(
            try inForce([:], [setting.environmentName: ""], file) == [other, "file"],
            "an empty variable is not set")
    }

    /// Those that do something only together with a file of others, or with another setting.
    private static let dependent: Set = [
        "aws.accountId", "telehealth.webhooksFile", "telehealth.webhooksOnLoopback", "telehealth.policyDir",
        "telehealth.allowUnauditedReads", "telehealth.allowUnlimitedCalls", "telehealth.allowShortRetention",
        "telehealth.allowOpenMonitoring", "telehealth.developmentTokens",
    ]

    @Test(arguments: SettingTable.all.filter { !dependent.contains($0.key) })
    func `a setting changes the configuration`(setting: Setting) throws {
        // The words of all values, sorted: two equal sets may list their members in different orders.
        func shape(_ arguments: [String]) throws -> [Substring] {
            var configuration = try configuration(arguments)
            configuration.effective = []
            return String(reflecting: configuration).split { !$0.isLetter && !$0.isNumber }.sorted()
        }
        let others = setting.companions
        #expect(try shape(others) == shape(others), "two equal configurations look different")
        #expect(try shape(others + ["\(setting.flag)=\(setting.another)"]) != shape(others))
    }

    @Test(arguments: SettingTable.all)
    func `a value outside its range is refused with the setting, the value and what to do`(setting: Setting)
        throws
    {
        let outside: [String]
        switch setting.kind {
        case .text, .list: return
        case .integer(let range):
            outside = [
                "\(range.lowerBound - 1)", "\(range.upperBound + 1)", "99999999999999999999", "1.5", "many",
                "-1",
            ]
        case .boolean: outside = ["maybe", "2"]
        case .choice: outside = ["nonsense", "HDD"]
        case .duration(let least, let greatest):
            let bounds = [least, greatest].compactMap { Duration(setting: $0)?.components }
            outside =
                ["\(bounds[0].seconds * 1000 + bounds[0].attoseconds / 1_000_000_000_000_000 - 1)ms"]
                + [
                    "\(bounds[1].seconds * 1000 + 1)ms", "15", "15 m", "1.5h", "-1s", "inf",
                    "99999999999999999999s", "١٥s",
                ]
        }
        for value in outside {
            for (flags, environment, place) in [
                ([setting.key: value], [:], "from the command line"),
                ([:], [setting.environmentName: value], "from the environment"),
            ] as [([String: String], [String: String], String)] {
                var reader = try SettingReader(flags: flags, environment: environment, file: nil)
                _ = reader.text(setting.key)
                let sentence =
                    "\(setting.title): must be \(setting.kind.expectation); '\(value)' \(place) is not"
                #expect(reader.sentences == [sentence])
            }
        }
    }

    @Test(arguments: SettingTable.all)
    func `the bounds themselves are allowed`(setting: Setting) {
        switch setting.kind {
        case .integer(let range):
            #expect(
                setting.kind.normalized("\(range.lowerBound)") != nil
                    && setting.kind.normalized("\(range.upperBound)") != nil)
        case .duration(let least, let greatest):
            #expect(setting.kind.normalized(least) == least && setting.kind.normalized(greatest) == greatest)
        case .choice(let words): #expect(words.allSatisfy { setting.kind.normalized($0) == $0 })
        case .boolean:
            for word in ["true", "TRUE", "yes", "1"] { #expect(setting.kind.normalized(word) == "true") }
            for word in ["false", "No", "0"] { #expect(setting.kind.normalized(word) == "false") }
        case .text, .list: break
        }
    }

    @Test(arguments: SettingTable.all)
    func `the help has the names, the meaning, the allowed values and the default of a setting`(
        setting: Setting
    ) throws {
        let lines = DaemonCommandLine.help.split(separator: "\n", omittingEmptySubsequences: false)
        let names = "  \(setting.flag)   \(setting.environmentName)   \(setting.key)"
        let row = try #require(lines.firstIndex { $0 == names })
        var meaning = "      " + setting.meaning
        if let range = setting.kind.range { meaning += "; " + range }
        if !setting.fallback.isEmpty { meaning += " (default \(setting.fallback))" }
        #expect(lines[row + 1] == meaning)
        #expect(
            !setting.meaning.hasSuffix(".")
                && setting.meaning.first.map {
                    !$0.isLowercase || setting.meaning.hasPrefix("https") || setting.meaning.hasPrefix("iss ")
                } == true)
    }

    @Test func `an empty default is explained`() {
        // What an operator gets who sets nothing must not be a guess.
        let explained = ["empty: ", "missing", "instead of", "set together", "and not used", "None"]
        let needed: Set = [
            "telehealth.tlsCertificate", "telehealth.tlsKey", "telehealth.issuer", "telehealth.jwksFile",
            "telehealth.serviceCertificates", "telehealth.trustedProxies", "aws.endpointUrlChimeSdkMeetings",
            "aws.endpointUrlChimeSdkMediaPipelines", "aws.endpointUrlS3", "aws.endpointUrlSqs",
            "telehealth.cloudfrontUrl",
            "telehealth.cloudfrontKeyPairId", "telehealth.cloudfrontKeyFile",
        ]
        for setting in SettingTable.all where setting.fallback.isEmpty && !needed.contains(setting.key) {
            #expect(explained.contains { setting.meaning.contains($0) }, "\(setting.key): \(setting.meaning)")
        }
    }
}

extension Setting: CustomTestStringConvertible {
    var testDescription: String { key }
}
