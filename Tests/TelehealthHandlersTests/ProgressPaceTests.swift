import TelehealthModel
import Testing

@testable import TelehealthHandlers

@Suite("When the progress of long work is told") struct ProgressPaceTests {
    private let beginning = WorkProgress(.copying, done: 1, of: 100)

    private func noted(at now: Duration = .zero) -> ProgressPace {
        var pace = ProgressPace()
        _ = pace.note(beginning, at: now)
        return pace
    }

    @Test func `the first word is told at once, and later ones wait for their time`() {
        var pace = ProgressPace()
        #expect(pace.note(beginning, at: .zero) == beginning)
        #expect(pace.note(WorkProgress(.copying, done: 2, of: 100), at: .milliseconds(1)) == nil)
        #expect(pace.note(WorkProgress(.copying, done: 3, of: 100), at: .seconds(5)) == nil)
    }

    @Test func `of what was said meanwhile the last is told, once`() {
        var pace = noted()
        for done in 2...50 as ClosedRange<Int64> {
            _ = pace.note(WorkProgress(.copying, done: done, of: 100), at: .milliseconds(done))
        }
        #expect(pace.tick(at: .seconds(1)) == WorkProgress(.copying, done: 50, of: 100))
        #expect(pace.tick(at: .seconds(2)) == nil)
    }

    @Test func `nothing is told within a second of the last word`() {
        var pace = noted(at: .milliseconds(300))
        _ = pace.note(WorkProgress(.values), at: .milliseconds(400))
        #expect(pace.tick(at: .milliseconds(1_000)) == nil)
        #expect(pace.tick(at: .milliseconds(1_300)) == WorkProgress(.values))
    }

    @Test func `work that has nothing new to say gives a sign of life every ten seconds`() {
        var pace = noted()
        let told = (1...60).filter { pace.tick(at: .seconds($0)) != nil }
        #expect(told == [10, 20, 30, 40, 50, 60])
    }

    @Test func `a sign of life comes every second of news, however fast the work is`() {
        var pace = ProgressPace()
        var told = 0
        for millisecond in 0...10_000 {
            let now = Duration.milliseconds(millisecond)
            if pace.note(WorkProgress(.log, done: Int64(millisecond)), at: now) != nil { told += 1 }
            if millisecond % 1_000 == 0, millisecond > 0, pace.tick(at: now) != nil { told += 1 }
        }
        #expect(told == 11)
    }

    @Test func `work that has not said a word waits, and says so`() {
        var pace = ProgressPace()
        #expect(pace.tick(at: .seconds(1)) == WorkProgress(.waiting))
        #expect(pace.tick(at: .seconds(2)) == nil)
        #expect(pace.note(beginning, at: .milliseconds(2_500)) == nil)
        #expect(pace.tick(at: .seconds(3)) == beginning)
    }
}
