import Testing

@testable import EventCore

@Suite("Memory that only a burst needed")
struct HeapTrimmerTests {
    @Test("is given back at the first rest behind the start, and then at each rest behind work")
    func givesBackAtRest() {
        var spare = HeapTrimmer(cpuTime: .zero)
        var time = Duration.zero
        let spent = [60, 10, 2, 1, 0, 90, 30, 20, 3, 1, 24, 1].map { Duration.milliseconds($0) }
        let steps = spent.map { spent in
            time += spent
            return spare.next(cpuTime: time)
        }
        var expected = [HeapTrimmer.Step](repeating: .wait, count: steps.count)
        expected[2] = .giveBackHeapAndCode
        expected[8] = .giveBackHeap
        #expect(steps == expected)
    }

    @Test("code is what is mapped from files to be run and not written")
    func findsCode() {
        let maps = """
            5619496bb000-561949c13000 r--p 00000000 fe:00 4907017                    /usr/bin/telehealthd
            561949c13000-56194afa5000 r-xp 00557000 fe:00 4907017                    /usr/bin/telehealthd
            56194afa5000-56194b2b3000 rw-p 018e8000 fe:00 4907017                    /usr/bin/telehealthd
            56197a6b0000-56197a6d1000 rw-p 00000000 00:00 0                          [heap]
            7f1040000000-7f1040021000 rwxp 00000000 00:00 0
            7f10507f5000-7f10508b6000 r-xp 0002b000 fe:00 333453                     /usr/lib/libkrb5.so.3.3 (deleted)
            7ffc633f1000-7ffc633f3000 r-xp 00000000 00:00 0                          [vdso]
            """
        #expect(
            HeapTrimmer.codeRanges(maps: maps) == [
                0x5619_49c1_3000..<0x5619_4afa_5000, 0x7f10_507f_5000..<0x7f10_508b_6000,
            ])
    }

    @Test("giving it back changes nothing for those who run")
    func runsOn() {
        HeapTrimmer.take(.giveBackHeapAndCode)
        #expect((0..<1000).reduce(0, +) == 499_500)
    }
}
