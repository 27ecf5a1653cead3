import Foundation
import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import Testing

@testable import TelehealthCore
@testable import TelehealthHandlers

@Suite("Refusals on the wire") struct TelehealthErrorTests {
    /// Words of the proto's table with the code their comment begins with.
    static let table: [String: String] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appendingPathComponent("proto/telehealth/v1/errors.proto")
        guard let text = try? String(contentsOf: path, encoding: .utf8) else { return [:] }
        var words: [String: String] = [:]
        var comment = ""
        for line in text.split(separator: "\n") {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("// ") { comment = String(line.dropFirst(3)) }
            if line.hasPrefix("ERROR_REASON_"), let word = line.split(separator: " ").first {
                words[String(word.dropFirst("ERROR_REASON_".count))] = comment
            }
        }
        return words
    }()

    @Test(arguments: TelehealthError.Reason.allCases)
    func `each reason of the domain is in the proto's table, under its code`(reason: TelehealthError.Reason)
        throws
    {
        let comment = try #require(Self.table[reason.rawValue], "not in errors.proto")
        let error = TelehealthError(reason).asRPCError
        #expect(comment.hasPrefix(error.code.description + ":"))
        #expect(StatusDetails.reason(of: error) == reason.rawValue)
        #expect(!error.message.isEmpty)
    }

    @Test func `a refusal carries its details, and the status in them is the call's own`() throws {
        var error = TelehealthError(
            .recordingConsentMissing, metadata: ["not_before": "2026-01-01T00:00:00Z"],
            retryAfter: .milliseconds(1500))
        error.violations = [.init(field: "a.b", description: "is required")]
        let gap = ConsentEvaluationSample.gap
        error.missing = [gap]
        let rpc = error.asRPCError
        let status = try Google_Rpc_Status(decoding: rpc.statusDetails)
        #expect(status.code == Int32(rpc.code.rawValue))
        #expect(status.message == rpc.message)
        #expect(
            status.details.map(\.typeURL)
                == [
                    "google.rpc.ErrorInfo", "google.rpc.BadRequest", "telehealth.v1.MissingConsentDetail",
                    "google.rpc.RetryInfo",
                ].map { "type.googleapis.com/" + $0 })
        let info = try Google_Rpc_ErrorInfo(decoding: status.details[0].value)
        #expect(info.domain == "telehealth.v1")
        #expect(info.metadata.dictionary == ["not_before": "2026-01-01T00:00:00Z"])
        let bad = try Google_Rpc_BadRequest(decoding: status.details[1].value)
        #expect(bad.fieldViolations.map(\.field) == ["a.b"])
        let missing = try Telehealth_V1_MissingConsentDetail(decoding: status.details[2].value).missing
        #expect(missing.map(\.subjectID) == ["client-1"])
        #expect(missing.first?.action == .record)
        let retry = try Google_Rpc_RetryInfo(decoding: status.details[3].value)
        #expect(retry.retryDelay?.seconds == 1)
        #expect(retry.retryDelay?.nanos == 500_000_000)
    }

    @Test(arguments: SessionStatus.allCases)
    func `a wrong state is told in the details`(status: SessionStatus) throws {
        let rpc = TelehealthError(.invalidState, metadata: ["status": wireName(status)]).asRPCError
        let details = try Google_Rpc_Status(decoding: rpc.statusDetails).details
        let detail = try #require(details.first { $0.typeURL.hasSuffix("SessionStateDetail") })
        #expect(try Telehealth_V1_SessionStateDetail(decoding: detail.value).status == status.wire)
    }
}

enum ConsentEvaluationSample {
    /// A gap made by the domain itself: its memberwise initialiser is not public.
    static var gap: ConsentGap {
        ConsentGap(subjectID: SubjectID("client-1"), subjectRole: .client, type: .recording, cause: .absent)
    }
}
