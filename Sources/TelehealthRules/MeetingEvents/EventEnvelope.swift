internal import Crypto
internal import FoundationEssentials
package import TelehealthModel
internal import TextFormats

/// An EventBridge event as AWS delivers it, read as far as this service understands it.
///
/// Also taken: the same event inside an SNS notification, as a queue behind a topic holds it.
/// Spec: Amazon EventBridge user guide, "Event structure"; Amazon Chime SDK developer guide, "Meeting events",
/// "Media pipeline events". Older examples there leave out `id` and some members of `detail`, so everything
/// but the kind, the time and a way to the meeting may be missing.
package struct EventEnvelope: Sendable, Hashable {
    /// EventBridge's own limit for an entry is 256 KiB.
    static let bytesMax = 256 * 1024
    /// A meeting's or pipeline's id is 36 bytes, our own external ids at most 64.
    private static let textBytesMax = 128

    package let id: String
    package let kind: MeetingFact.Kind
    package let at: Timestamp
    package let meetingID: String?
    package let externalMeetingID: String?
    package let externalUserID: String?
    package let pipelineID: String?

    package enum Reading: Sendable, Hashable {
        case event(EventEnvelope)
        /// Well formed, but nothing of ours: another source, or a kind that came after this was written.
        case ignored(EventIntakeReport.IgnoredReason)
        /// Nothing of the text itself.
        case malformed(EventIntakeReport.MalformedReason)
    }

    private struct Notification: Decodable {
        let type: String?
        let message: String?

        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case message = "Message"
        }
    }

    /// What is read of an event before it is known to be of a kind that this service takes.
    private struct Sort: Decodable {
        struct Detail: Decodable { let eventType: String? }

        let detail: Detail
    }

    private struct Wire: Decodable {
        struct Detail: Decodable {
            /// Milliseconds since 1970.
            let timestamp: Double?
            let meetingId: String?
            let externalMeetingId: String?
            let attendeeId: String?
            let externalUserId: String?
            let mediaPipelineId: String?
        }

        let id: String?
        let source: String?
        let time: String?
        let detail: Detail
    }

    /// - Parameter text: one JSON object.
    package static func read(_ text: String) -> Reading {
        guard text.utf8.count <= bytesMax else { return .malformed(.tooLong) }
        let data = Data(text.utf8)
        let decoder = JSONDecoder()
        if let notification = try? decoder.decode(Notification.self, from: data),
            notification.type == "Notification", let message = notification.message
        {
            return read(event: Data(message.utf8), decoder)
        }
        return read(event: data, decoder)
    }

    private static func read(event data: Data, _ decoder: JSONDecoder) -> Reading {
        struct Source: Decodable { let source: String? }
        guard let source = try? decoder.decode(Source.self, from: data) else { return .malformed(.notJSON) }
        if let name = source.source, name != "aws.chime" { return .ignored(.notChime) }
        guard let sort = try? decoder.decode(Sort.self, from: data) else { return .malformed(.notAnEvent) }
        // Chime sends more than meetings' events: those of Voice Connectors have no type at all.
        guard let type = sort.detail.eventType else {
            return source.source == nil ? .malformed(.notAnEvent) : .ignored(.unknownType)
        }
        guard let kind = MeetingFact.Kind(eventType: type) else {
            return type.hasPrefix("chime:") ? .ignored(.unknownType) : .ignored(.notChime)
        }
        guard let wire = try? decoder.decode(Wire.self, from: data) else { return .malformed(.notAnEvent) }
        guard let at = instant(wire) else { return .malformed(.noTime) }
        let detail = wire.detail
        let texts = [
            detail.meetingId, detail.externalMeetingId, detail.externalUserId, detail.mediaPipelineId,
        ]
        guard texts.allSatisfy({ ($0?.utf8.count ?? 0) <= textBytesMax }) else {
            return .malformed(.idTooLong)
        }
        guard detail.meetingId != nil || detail.externalMeetingId != nil || detail.mediaPipelineId != nil
        else { return .malformed(.noMeeting) }
        if kind.isOfPipeline && detail.mediaPipelineId == nil { return .malformed(.noPipeline) }
        if kind.isOfAttendee && detail.externalUserId == nil { return .malformed(.noAttendee) }
        // A screen share's attendee carries this suffix in clients; AWS does not say whether it does here.
        let user = detail.externalUserId.map { $0.hasSuffix("#content") ? String($0.dropLast(8)) : $0 }
        if let user, user.lowercased().hasPrefix("aws:") || user.contains("MediaPipeline") {
            return .ignored(.notAPerson)
        }
        return .event(
            EventEnvelope(
                id: identity(wire.id, data), kind: kind, at: at, meetingID: detail.meetingId?.lowercased(),
                externalMeetingID: detail.externalMeetingId, externalUserID: user,
                pipelineID: detail.mediaPipelineId?.lowercased()))
    }

    /// The envelope's id where it can be one of ours, else a hash of the whole.
    private static func identity(_ id: String?, _ data: Data) -> String {
        if let id, SessionID.isValid(id) { return id }
        let hash = SHA256.hash(data: id.map { Data($0.utf8) } ?? data)
        return "h-" + Hex.encode(hash.prefix(16))
    }

    /// The detail's own time, finer than the envelope's; years 2000 to 9999.
    private static func instant(_ wire: Wire) -> Timestamp? {
        let range = 946_684_800_000.0..<253_402_300_800_000.0
        if let milliseconds = wire.detail.timestamp {
            guard range.contains(milliseconds) else { return nil }
            return Timestamp(microseconds: Int64((milliseconds * 1000).rounded()))
        }
        guard let time = wire.time, let date = try? Date(time, strategy: .iso8601) else { return nil }
        let milliseconds = date.timeIntervalSince1970 * 1000
        return range.contains(milliseconds) ? Timestamp(microseconds: Int64(milliseconds * 1000)) : nil
    }
}
