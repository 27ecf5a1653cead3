import Testing

@testable import TelehealthModel
@testable import TelehealthRules

@Suite("The age of majority") struct MajorityTests {
    private func instant(_ text: String) throws -> Timestamp {
        let day = try #require(CivilDate(String(text.prefix(10))))
        let clock = text.dropFirst(11).split(separator: ":").compactMap { Int64($0) }
        return Timestamp(seconds: day.dayNumber * 86_400 + clock[0] * 3600 + clock[1] * 60)
    }

    @Test func `somebody comes of age where the day begins last, and is born where it began first`() throws {
        let born = try #require(CivilDate("2008-11-30"))
        func place(_ zones: String) throws -> JurisdictionPolicy {
            try JurisdictionPolicy(
                json: Array(
                    """
                    {"place": "US-ZZ", "version": "1", "title": "t", "ageOfMajority": 18, \(zones) \
                    "citations": [{"id": "c", "source": "s", "says": "t"}], \
                    "requirements": [{"action": "RECORD", "of": ["*"], "types": ["recording"], "methods": ["PAPER"], \
                    "validity": "1d", "renewalWindow": "0d", "versionGrace": "0d", "citations": ["c"]}]}
                    """.utf8))
        }
        #expect(
            try place(#""timeZones": ["America/New_York"],"#).majority(of: born)
                == instant("2026-11-30 05:00"))
        let two = try place(#""timeZones": ["America/New_York", "America/Chicago"],"#)
        #expect(two.majority(of: born) == (try instant("2026-11-30 06:00")))
        #expect(two.latestDate(at: try instant("2026-11-30 05:30")).text == "2026-11-30")
        let anywhere = try place("")
        #expect(anywhere.majority(of: born) == (try instant("2026-11-30 12:00")))
        #expect(anywhere.latestDate(at: try instant("2026-11-29 10:00")).text == "2026-11-30")
        #expect(throws: JurisdictionPolicyError.self) { try place(#""timeZones": ["Mars/Phobos"],"#) }
        #expect(throws: JurisdictionPolicyError.self) { try place(#""timeZones": [],"#) }
    }
}
