import TextFormats
import Testing

@Suite("Words and numbers of people") struct WordsAndNumbersTests {
    @Test(arguments: [
        "inf", "-inf", "infinity", "nan", "-nan", "1e300", "1e10", "-1e10", "1e999", "1000000000.5", "", " ", "5s", "five",
    ])
    func `seconds that cannot be meant are not a duration`(text: String) { #expect(Duration(secondsText: text) == nil) }

    @Test(arguments: [
        ("0", Duration.zero), ("20", .seconds(20)), ("0.25", .milliseconds(250)), ("-3", .seconds(-3)),
        ("1e9", .longestInText), ("1e-300", .zero), ("-0.0", .zero),
    ])
    func `seconds are read with their fractions`(text: String, duration: Duration) {
        #expect(Duration(secondsText: text) == duration)
    }

    @Test(arguments: [
        ("recordingRetentoin", "recordingRetention"), ("listn", "listen"), ("LISTEN", "listen"), ("earlyjoin", "earlyJoin"),
        ("xlisten", "listen"), ("elrayJoin", "earlyJoin"),
    ])
    func `a slip of the finger is understood`(word: String, meant: String) {
        #expect(NearestWord.of(word, among: ["earlyJoin", "recordingRetention", "listen", "loops"]) == meant)
    }

    @Test(arguments: ["", "color", "x", "audit", String(repeating: "listen", count: 40)])
    func `what is like nothing is not guessed at`(word: String) {
        #expect(NearestWord.of(word, among: ["earlyJoin", "recordingRetention", "listen", "loops"]) == nil)
    }

    @Test func `a byte order mark goes, once, and only from the front`() {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(Array((mark + Array("{}".utf8)).withoutByteOrderMark) == Array("{}".utf8))
        #expect(Array((mark + mark).withoutByteOrderMark) == mark)
        #expect(Array((Array("{".utf8) + mark).withoutByteOrderMark) == Array("{".utf8) + mark)
        #expect(Array([0xEF, 0xBB].withoutByteOrderMark) == [0xEF, 0xBB])
        #expect([UInt8]().withoutByteOrderMark.isEmpty)
    }
}
