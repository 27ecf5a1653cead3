import Testing

@testable import DaemonKit

@Suite("The command line") struct CommandLineTests {
    @Test func `a value follows its flag after a space or an equals sign, and of two the last one counts`()
        throws
    {
        #expect(try DaemonCommandLine(["--data-dir", "a"]).flags == ["telehealth.dataDir": "a"])
        #expect(try DaemonCommandLine(["--data-dir=a=b"]).flags == ["telehealth.dataDir": "a=b"])
        #expect(try DaemonCommandLine(["--issuer="]).flags == ["telehealth.issuer": ""])
        #expect(
            try DaemonCommandLine(["--data-dir", "a", "--data-dir", "b"]).flags == ["telehealth.dataDir": "b"]
        )
    }

    @Test func `a boolean flag alone means true, before another flag too`() throws {
        #expect(try DaemonCommandLine(["--reflection"]).flags == ["telehealth.reflection": "true"])
        #expect(
            try DaemonCommandLine(["--reflection", "--loops", "2"]).flags == [
                "telehealth.reflection": "true", "telehealth.loops": "2",
            ])
        #expect(try DaemonCommandLine(["--reflection", "false"]).flags == ["telehealth.reflection": "false"])
        #expect(try DaemonCommandLine(["--reflection=false"]).flags == ["telehealth.reflection": "false"])
    }

    @Test(arguments: ["--early-join", "--config", "--listen"])
    func `a flag without its value is named`(flag: String) {
        let failure = #expect(throws: ConfigurationFailure.self) { try DaemonCommandLine([flag]) }
        #expect(failure?.sentences == ["\(flag): needs a value, as in \(flag) VALUE; see telehealthd --help"])
    }

    @Test func `what is asked for is serving, unless a word says otherwise`() throws {
        #expect(try DaemonCommandLine([]).request == .serve)
        #expect(try DaemonCommandLine(["--config", "f.json"]).file == "f.json")
        #expect(try DaemonCommandLine(["--loops", "2", "-h"]).request == .help)
        #expect(try DaemonCommandLine(["--help"]).request == .help)
        #expect(try DaemonCommandLine(["keys", "--help"]).request == .help)
        #expect(try DaemonCommandLine(["--print-config"]).request == .printConfiguration)
        #expect(try DaemonCommandLine(["keys", "list", "--data-dir", "d"]).request == .keys(.list))
        #expect(try DaemonCommandLine(["keys", "create"]).request == .keys(.create))
        #expect(try DaemonCommandLine(["keys", "rotate"]).request == .keys(.rotate))
        #expect(try DaemonCommandLine(["keys", "rotate-receipts"]).request == .keys(.rotateReceipts))
        #expect(try DaemonCommandLine(["keys", "remove", "7"]).request == .keys(.remove(7)))
    }

    @Test(arguments: [
        (["keys"], "keys: a command is missing; use list, create, rotate, remove ID or rotate-receipts"),
        (
            ["keys", "burn"],
            "keys: unknown command 'burn'; use list, create, rotate, remove ID or rotate-receipts"
        ),
        (["keys", "remove"], "keys remove: needs the id of a key, as keys list shows it"),
        (["keys", "remove", "-1"], "keys remove: needs the id of a key, as keys list shows it"),
    ])
    func `a wrong word after keys is refused with those that exist`(arguments: [String], sentence: String) {
        let failure = #expect(throws: ConfigurationFailure.self) { try DaemonCommandLine(arguments) }
        #expect(failure?.sentences == [sentence])
    }

    @Test func `every example of the help is a command line that is accepted`() throws {
        let text = DaemonCommandLine.help.split(separator: "\nExamples\n")[1].split(
            separator: "\nWhere settings come from\n")[0]
        let commands = text.replacing("\\\n", with: " ").split(separator: "\n").filter {
            $0.contains("    telehealthd ")
        }
        #expect(commands.count == 4)
        for command in commands {
            let words = command.split(separator: " ").dropFirst().map(String.init)
            let commandLine = try DaemonCommandLine(words)
            #expect(
                refusals(Array(words.drop { !$0.hasPrefix("--") }).filter { $0 != "--print-config" }) == [],
                "\(command)")
            #expect(commandLine.request != .help)
        }
    }

    @Test func `the help tells usage, signals, exit codes and one heading for each group`() {
        let help = DaemonCommandLine.help
        for part in [
            "Usage: telehealthd ", "\nSignals\n", "\nExit codes\n", "\n  0  ", "\n  1  ", "\n  2  ",
            "SIGTERM", "SIGHUP",
        ] {
            #expect(help.contains(part), "\(part)")
        }
        let headings = SettingTable.groups.map { group in
            help.ranges(of: "\n\(group.title)\n").map(\.lowerBound)
        }
        #expect(headings.allSatisfy { $0.count == 1 })
        #expect(headings.flatMap { $0 } == headings.flatMap { $0 }.sorted(), "in the table's order")
        let introduction = help.split(separator: "Each setting below")[0]
        for line in introduction.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
    }
}
