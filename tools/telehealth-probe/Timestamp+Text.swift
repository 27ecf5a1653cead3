internal import ArgumentParser
internal import Foundation
internal import ProtobufWire
internal import TelehealthCore
internal import TextFormats

extension Google_Protobuf_Timestamp {
    /// - Throws: a usage failure for what is no instant.
    init(text: String) throws {
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw ProbeFailure.usage("'\(text)' is no instant such as 2026-11-22T09:30:00Z")
        }
        self.init()
        seconds = Int64(date.timeIntervalSince1970.rounded(.down))
    }
}

extension Google_Protobuf_Timestamp? {
    /// As people write instants; "-" for none.
    var text: String {
        map { Timestamp(microseconds: $0.seconds * 1_000_000 + Int64($0.nanos) / 1_000).rfc3339 } ?? "-"
    }
}
