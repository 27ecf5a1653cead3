import DurableFile
import Identity
import Logging
import Storage
import StorageSQLite
import Synchronization
import TelehealthEngine
import Testing

@testable import DaemonKit

@Suite("Alarms") struct AlarmsTests {
    private let log = LogRecorder()
    private let alarms: Alarms

    init() { alarms = Alarms(logger: log.logger) }

    @Test
    func `a store that stops accepting changes is an error and not ready, and ready again when it recovers`()
    {
        let readiness = Mutex<[Bool]>([])
        alarms.onReadiness = { isReady in readiness.withLock { $0.append(isReady) } }
        alarms.store(.full)
        alarms.store(.recovered)
        alarms.store(.readOnly(code: 10, operation: "commit"))
        #expect(readiness.withLock { $0 } == [false, true, false])
        #expect(log.lines.map(\.level) == [.error, .notice, .error])
        #expect(log.lines[2].metadata == ["code": "10", "operation": "commit"])
    }

    @Test func `little space and a long write-ahead log leave the service ready`() {
        alarms.onReadiness = { _ in Issue.record("the readiness changed") }
        let space = StoreSpace(free: 5, size: 100)
        for condition in [
            .spaceLow(space), .spaceEnough(space), .walOverLimit(pages: 9), .walUnderLimit(pages: 1),
            .damagedRow(operation: "session"),
        ] as [StoreCondition] {
            alarms.store(condition)
        }
        #expect(log.lines.map(\.level) == [.error, .notice, .error, .notice, .error])
        #expect(log.lines[0].metadata == ["free_bytes": "5", "size_bytes": "100"])
        #expect(log.lines[2].metadata == ["pages": "9"] && log.lines[4].metadata == ["operation": "session"])
    }

    @Test func `a renewal says what was renewed, and why not`() {
        struct Broken: Error, CustomStringConvertible { var description: String { "unreadable" } }
        alarms.renewal(.certificates, nil)
        alarms.renewal(.keyRing, Broken())
        #expect(log.messages == ["notice: renewed", "error: not renewed: the old version stays in use"])
        #expect(
            log.lines.map(\.metadata) == [
                ["what": "certificates"], ["what": "key ring", "error": "unreadable"],
            ])
    }

    @Test func `failed reads of the issuer's keys are counted by what stays in use`() {
        let failure = KeySetError.file(.init("/keys.json", .missing))
        alarms.keys(.keysKept(failure))
        alarms.keys(.keysKept(failure))
        alarms.keys(.documentKept(failure))
        #expect(alarms.keyNotices.withLock { $0 } == ["keys": 2, "document": 1])
        #expect(
            Set(log.messages) == [
                "error: key set not reloaded: the old keys stay in use",
                "error: discovery document not reloaded: the last good one stays in use",
            ])
    }

    @Test func `heads that are damaged or contradicted say what to run`() {
        alarms.auditHeadsDamaged(lines: Array(1...30))
        #expect(log.lines[0].message.contains("telehealth-probe audit verify"))
        #expect(
            log.lines[0].metadata["lines"]?.split(separator: ",").count == 20, "the first of them are enough")
    }

    @Test func `messages are static: values are metadata`() {
        alarms.store(.damagedRow(operation: "a"))
        alarms.store(.damagedRow(operation: "b"))
        alarms.sealing(1, isDone: false)
        alarms.sealing(2, isDone: false)
        #expect(Set(log.messages).count == 2 && Set(log.lines.map(\.metadata)).count == 4)
    }
}
