import Storage
import StorageSQLite
import Testing
import TextFormats

@testable import DaemonKit

@Suite("What a start of the daemon does") struct DaemonTaskTests {
    private func text(_ task: DaemonTask) -> String {
        if case .say(let text) = task { text.description } else { "not a text: \(task)" }
    }

    private func refusal(_ task: DaemonTask) -> String {
        if case .refuse(let sentences, let code) = task {
            "\(code) " + sentences.joined(separator: "|")
        } else {
            "not refused"
        }
    }

    @Test func `the help is printed whatever else is wrong`() {
        #expect(
            text(DaemonTask(arguments: ["--early-join", "soon", "--help"], environment: [:]))
                == DaemonCommandLine.help)
    }

    @Test func `a configuration is printed, or refused with 2`() {
        #expect(
            text(DaemonTask(arguments: ["--print-config"], environment: [:])).contains(
                "TELEHEALTH_DATA_DIR=./data  # default"))
        #expect(
            refusal(DaemonTask(arguments: ["--print-config", "--loops", "x"], environment: [:])).hasPrefix(
                "2 TELEHEALTH_LOOPS (--loops): "))
        #expect(
            refusal(DaemonTask(arguments: ["--nope"], environment: [:]))
                == "2 unknown flag --nope; see telehealthd --help")
    }

    @Test func `a flag names the file before the environment does, and an empty variable names none`() throws
    {
        let folder = try TemporaryFolder()
        let one = try folder.write("one.json", #"{"telehealth": {"lateJoin": "1m"}}"#)
        let two = try folder.write("two.json", #"{"telehealth": {"lateJoin": "2m"}}"#)
        func lateJoin(_ arguments: [String], _ named: String) -> Substring? {
            text(
                DaemonTask(
                    arguments: arguments + ["--print-config"], environment: ["TELEHEALTH_CONFIG": named])
            )
            .split(separator: "\n").first { $0.hasPrefix("TELEHEALTH_LATE_JOIN=") }
        }
        #expect(lateJoin([], one) == "TELEHEALTH_LATE_JOIN=1m  # file")
        #expect(lateJoin(["--config", two], one) == "TELEHEALTH_LATE_JOIN=2m  # file")
        #expect(lateJoin([], "") == "TELEHEALTH_LATE_JOIN=0s  # default")
    }

    @Test func `without a word it serves`() {
        guard case .serve(let configuration) = DaemonTask(arguments: ["--loops", "3"], environment: [:])
        else {
            return #expect(Bool(false), "it does not serve")
        }
        #expect(configuration.loops == 3)
    }

    @Test func `keys are created, rotated, listed and removed only when retired, and never shown`() throws {
        let folder = try TemporaryFolder()
        func keys(_ words: String...) -> DaemonTask {
            DaemonTask(arguments: ["keys"] + words + ["--data-dir", folder.path + "/data"], environment: [:])
        }
        #expect(refusal(keys("list")).hasPrefix("1 there is no key ring at "))
        let created = text(keys("create")).split(separator: "\n")
        #expect(
            created[0] == "key\tcreated\tstate" && created.count == 2 && created[1].hasPrefix("1\t")
                && created[1].hasSuffix("\tcurrent"))
        #expect(text(keys("create")).split(separator: "\n") == created, "one that is there is left alone")
        let rotated = text(keys("rotate"))
        #expect(rotated.contains("\n2\t") && rotated.hasSuffix("\tcurrent"))
        #expect(refusal(keys("remove", "1")).hasPrefix("1 key 1 cannot be removed: only retired keys"))
        #expect(refusal(keys("remove", "9")).hasPrefix("1 key 9 cannot be removed"))
        let ring = try KeyRingFile(besideDirectory: folder.path + "/data").update { ring, now in
            ring.retireOthers(than: ring.current, now: now)
            return ring.list.count
        }
        #expect(ring == 2 && text(keys("list")).contains("\tretired since "))
        #expect(text(keys("remove", "1")).split(separator: "\n").count == 2)
        #expect(refusal(keys("rotate-receipts")).contains("the service creates the first one when it starts"))
    }
}
