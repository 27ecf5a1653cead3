internal import ArgumentParser
internal import FoundationEssentials
internal import ProtobufWire
internal import TelehealthModel
internal import TextFormats

extension Google_Protobuf_Timestamp {
    /// - Throws: a usage failure for an invalid time.
    init(text: String) throws {
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw ProbeFailure.usage("invalid time '\(text)': must be RFC 3339, for example 2026-11-22T09:30:00Z")
        }
        self.init()
        seconds = Int64(date.timeIntervalSince1970.rounded(.down))
    }
}

extension Google_Protobuf_Timestamp {
    /// Microseconds since 1970; nil outside the years 1 to 9999, as a peer or a file may have.
    var microseconds: Int64? {
        let years1To9999: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
        guard years1To9999.contains(seconds), (0...999_999_999).contains(nanos) else { return nil }
        return seconds * 1_000_000 + Int64(nanos) / 1_000
    }
}

extension Google_Protobuf_Timestamp? {
    /// In RFC 3339; "-" if unset.
    var text: String {
        guard let self else { return "-" }
        return self.microseconds.map { Timestamp(microseconds: $0).rfc3339 }
            ?? "\(self.seconds) s, outside the range of times"
    }
}
