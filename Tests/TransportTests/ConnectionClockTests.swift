import EventCore
import Testing

@testable import Transport

@Suite("A connection's clock") struct ConnectionClockTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func at(_ seconds: Int) -> MonotonicInstant { start + .seconds(seconds) }

    private func facts(streams: Int = 0, isWaitedFor: Bool = true, readAt: Int = 0) -> ConnectionFacts {
        ConnectionFacts(
            openStreamCount: streams, isWaitedFor: isWaitedFor, lastReadAt: at(readAt), writeBlockedSince: nil, headersSince: nil,
            queuedByteCount: 0, sentHeadersAndData: 0)
    }

    private func times(_ change: (inout ConnectionClock.Times) -> Void = { _ in }) -> ConnectionClock.Times {
        var times = ConnectionClock.Times(
            handshake: .seconds(20), header: .seconds(20), keepalive: KeepaliveConfiguration(time: nil),
            keepaliveWithoutCalls: true, idle: nil, age: nil, grace: nil, writeStall: .seconds(60),
            windowStall: .seconds(300), drainNotice: .seconds(5))
        change(&times)
        return times
    }

    @Test("keepalive counts from the last byte read, and any byte answers it")
    func keepaliveCountsFromReads() {
        var clock = ConnectionClock(
            times: times { $0.keepalive = KeepaliveConfiguration(time: .seconds(60), timeout: .seconds(20)) },
            now: start)
        clock.established(at: start)
        #expect(clock.check(at: at(59), facts()) == .none)
        #expect(clock.check(at: at(60), facts(readAt: 1)) == .none)
        #expect(clock.nextCheck(facts(readAt: 1)) == at(61))
        #expect(clock.check(at: at(61), facts(readAt: 1)) == .ping)
        #expect(clock.check(at: at(61), facts(readAt: 1)) == .none)
        #expect(clock.nextCheck(facts(readAt: 1)) == at(81))
        #expect(clock.check(at: at(80), facts(readAt: 61)) == .none)
        #expect(clock.check(at: at(121), facts(readAt: 61)) == .ping)
        #expect(clock.check(at: at(141), facts(readAt: 61)) == .close(.keepaliveTimedOut))
    }

    @Test("a client without calls does not ask unless it may")
    func keepaliveNeedsCalls() {
        var clock = ConnectionClock(
            times: times {
                $0.keepalive = KeepaliveConfiguration(time: .seconds(10))
                $0.keepaliveWithoutCalls = false
            }, now: start)
        clock.established(at: start)
        #expect(clock.check(at: at(1000), facts()) == .none)
        #expect(clock.nextCheck(facts()) == .distantFuture)
        #expect(clock.check(at: at(1000), facts(streams: 1)) == .ping)
    }

    @Test("calls that come and go on a silent connection give its PING no more time")
    func keepaliveOutlastsCalls() {
        var clock = ConnectionClock(
            times: times {
                $0.keepalive = KeepaliveConfiguration(time: .seconds(10), timeout: .seconds(20))
                $0.keepaliveWithoutCalls = false
            }, now: start)
        clock.established(at: start)
        func pings(_ second: Int, readAt: Int = 0) -> Bool {
            clock.pingsNewCall(at: at(second), silenceMax: .seconds(10), lastReadAt: at(readAt))
        }
        #expect(!pings(9))
        #expect(pings(12))
        for second in 13...31 {
            #expect(!pings(second), "the first still waits for its answer")
            #expect(clock.check(at: at(second), facts(streams: second % 2)) == .none)
        }
        #expect(clock.check(at: at(32), facts()) == .close(.keepaliveTimedOut))
        // An answer ends the wait, also one that no check has seen yet.
        clock = ConnectionClock(times: times(), now: start)
        #expect(pings(12))
        #expect(pings(40, readAt: 13))
    }

    @Test("age drains in two steps, and the grace counts from the first")
    func ageAndGrace() {
        var clock = ConnectionClock(
            times: times {
                $0.age = .seconds(100)
                $0.grace = .seconds(30)
            }, now: start)
        clock.established(at: start)
        #expect(clock.check(at: at(99), facts(streams: 1)) == .none)
        #expect(clock.check(at: at(100), facts(streams: 1)) == .beginDrain(debug: "max_age"))
        clock.drainBegan(at: at(100))
        #expect(clock.check(at: at(104), facts(streams: 1)) == .none)
        #expect(clock.check(at: at(105), facts(streams: 1)) == .finishDrain)
        clock.drainFinished()
        #expect(clock.nextCheck(facts(streams: 1)) == at(130))
        #expect(clock.check(at: at(130), facts(streams: 1)) == .expire)
        #expect(clock.check(at: at(130), facts(streams: 1)) == .none)
        #expect(clock.check(at: at(131), facts(streams: 1)) == .close(.graceExpired))
    }

    @Test("a stop counts its own grace, also on a connection that has drained for longer")
    func stopWhileDraining() {
        var clock = ConnectionClock(times: times { $0.grace = .seconds(1000) }, now: start)
        clock.established(at: start)
        clock.drainBegan(at: at(100))
        clock.drainFinished()
        clock.stopBegan(at: at(500), grace: .seconds(10))
        #expect(clock.check(at: at(500), facts(streams: 1)) == .none)
        #expect(clock.nextCheck(facts(streams: 1)) == at(510))
        #expect(clock.check(at: at(510), facts(streams: 1)) == .expire)
    }

    @Test("a stop waits for the answer to its PING while a call runs, and else for a tenth of a second")
    func stopNotice() {
        var clock = ConnectionClock(times: times(), now: start)
        clock.established(at: start)
        clock.stopBegan(at: at(1), grace: .seconds(10))
        let notice = at(1) + ConnectionClock.stopNotice
        #expect(clock.check(at: notice, facts(streams: 1)) == .none)
        #expect(clock.nextCheck(facts(streams: 1)) == at(6))
        #expect(clock.nextCheck(facts(streams: 1, isWaitedFor: false)) == notice)
        #expect(clock.check(at: notice, facts(streams: 1, isWaitedFor: false)) == .finishDrain)
        clock.drainFinished()
        // What is left are bytes that the peer does not take.
        #expect(clock.check(at: notice, facts(streams: 1, isWaitedFor: false)) == .close(.drained))
    }

    @Test("a stop that waits for nobody ends every call at once")
    func stopAtOnce() {
        var clock = ConnectionClock(times: times(), now: start)
        clock.established(at: start)
        clock.stopBegan(at: at(1), grace: .zero)
        #expect(clock.check(at: at(1), facts(streams: 1)) == .finishDrain)
        clock.drainFinished()
        #expect(clock.check(at: at(1), facts(streams: 1)) == .expire)
        #expect(clock.check(at: at(1), facts(streams: 1)) == .close(.graceExpired))
    }

    @Test("idle counts from the last stream's end, not while one is open")
    func idleCountsWithoutStreams() {
        var clock = ConnectionClock(times: times { $0.idle = .seconds(10) }, now: start)
        clock.established(at: start)
        #expect(clock.check(at: at(50), facts(streams: 1)) == .none)
        clock.streamsBecameEmpty(at: at(50))
        #expect(clock.check(at: at(59), facts()) == .none)
        #expect(clock.check(at: at(60), facts()) == .beginDrain(debug: "max_idle"))
    }

    @Test("queued bytes stall only while nothing of them moves")
    func windowStall() {
        var clock = ConnectionClock(times: times(), now: start)
        clock.established(at: start)
        var facts = facts(streams: 1)
        facts.queuedByteCount = 100
        facts.sentHeadersAndData = 1
        #expect(clock.check(at: at(200), facts) == .none)
        facts.sentHeadersAndData = 2
        #expect(clock.check(at: at(499), facts) == .none)
        #expect(clock.check(at: at(798), facts) == .none)
        #expect(clock.check(at: at(799), facts) == .close(.writeStalled))
    }

    @Test("an answer that is queued after a long silence, in the tick of a check, has not stalled")
    func queuedAfterSilence() {
        var clock = ConnectionClock(times: times(), now: start)
        clock.established(at: start)
        #expect(clock.check(at: at(10), facts(streams: 1)) == .none)
        var facts = facts(streams: 1)
        facts.queuedByteCount = 100
        #expect(clock.check(at: at(899), facts) == .none)
        #expect(clock.check(at: at(1198), facts) == .none)
        #expect(clock.check(at: at(1199), facts) == .close(.writeStalled))
    }

    @Test("while a call asks for it, a peer's silence is noticed within the call's time")
    func vigil() {
        var clock = ConnectionClock(
            times: times { $0.keepalive = KeepaliveConfiguration(time: .seconds(7200), timeout: .seconds(20)) },
            now: start)
        clock.established(at: start)
        clock.vigilBegan(.seconds(60))
        clock.vigilBegan(.seconds(45))
        #expect(clock.nextCheck(facts(streams: 2)) == at(15))
        #expect(clock.check(at: at(15), facts(streams: 2)) == .ping)
        #expect(clock.check(at: at(29), facts(streams: 2)) == .none)
        #expect(clock.check(at: at(30), facts(streams: 2, readAt: 16)) == .none)
        #expect(clock.check(at: at(31), facts(streams: 2, readAt: 16)) == .ping)
        #expect(clock.check(at: at(46), facts(streams: 2, readAt: 16)) == .close(.keepaliveTimedOut))
    }

    @Test("a call that asks for more patience than the server has changes nothing, and its end neither")
    func vigilBesideKeepalive() {
        var clock = ConnectionClock(
            times: times { $0.keepalive = KeepaliveConfiguration(time: .seconds(10), timeout: .seconds(5)) },
            now: start)
        clock.established(at: start)
        clock.vigilBegan(.seconds(45))
        #expect(clock.nextCheck(facts(streams: 1)) == at(10))
        clock.vigilEnded()
        clock.vigilEnded()
        #expect(clock.check(at: at(10), facts()) == .ping)
        #expect(clock.check(at: at(15), facts()) == .close(.keepaliveTimedOut))
    }

    @Test("PINGs at the permitted interval are never too many, though each other one is held up a little")
    func pingsAtTheInterval() {
        var configuration = ServerTransportConfiguration()
        configuration.permitKeepaliveTime = .seconds(10)
        var strikes = PingStrikes(configuration)
        for ping in 0..<100 {
            let heldUp = Duration.milliseconds(ping % 2 == 0 ? 0 : 900)
            let isTooMany = strikes.received(at: at(ping * 10) + heldUp, hasCalls: true, sent: 0)
            #expect(!isTooMany)
        }
    }

    @Test(
        "strikes count only PINGs that come too soon, and what we send forgives them",
        arguments: [true, false])
    func strikes(hasCalls: Bool) {
        var strikes = PingStrikes(ServerTransportConfiguration())
        let interval = hasCalls ? 300 : 7200
        // (second, frames sent so far): two strikes in time, one more is too many; the fifth PING is
        // forgiven.
        let pings: [(second: Int, sent: UInt64)] = [
            (0, 0), (interval, 0), (2 * interval - 2, 0), (2 * interval, 0), (2 * interval + 1, 1),
            (2 * interval + 2, 1), (2 * interval + 3, 1), (2 * interval + 4, 1),
        ]
        let verdicts = pings.map { strikes.received(at: at($0.second), hasCalls: hasCalls, sent: $0.sent) }
        #expect(verdicts == [false, false, false, false, false, false, false, true])
    }
}
