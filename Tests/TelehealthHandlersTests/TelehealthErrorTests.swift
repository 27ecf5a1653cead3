import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthModel
import Testing

@testable import TelehealthHandlers
@testable import TelehealthRules

@Suite("Refusals on the wire") struct TelehealthErrorTests {
    @Test(arguments: TelehealthError.Reason.allCases)
    func `each reason of the domain is in the contract, under the code of its category`(reason: TelehealthError.Reason)
        throws
    {
        let contract = try #require(Telehealth_V1_ErrorReason(word: reason.rawValue), "not in errors.proto")
        let error = TelehealthError(reason).asRPCError
        #expect(error.code == contract.code && error.code.description == Self.codeName(reason.category))
        #expect(StatusDetails.reason(of: error) == reason.rawValue)
        #expect(!error.message.isEmpty)
    }

    private static func codeName(_ category: TelehealthError.Category) -> String {
        switch category {
        case .internalFault: "INTERNAL"
        case let category:
            category.rawValue.reduce(into: "") { name, letter in
                name += (letter.isUppercase ? "_" : "") + letter.uppercased()
            }
        }
    }

    @Test func `a word that the contract does not have is the service's own fault`() {
        #expect(StatusDetails(word: "NO_SUCH_REASON").error("").code == .internal)
    }

    /// What the makers of refusals with metadata make, each with all that it can have.
    static let told: [TelehealthError] = {
        var recording = Recording(
            id: RecordingID("r"), sessionID: SessionID("s"), segment: 1, generation: 1, purpose: .clinical,
            requestedBy: "", requestedAt: Timestamp(microseconds: 0), consentIDs: [], controlRegion: "", bucket: "",
            prefix: "")
        let bare = TelehealthError.recordingNotReady(recording)
        recording.waitReason = Recording.WaitReason.allCases.first
        let place = Policy().places.policy(Policy().places.home)
        return [
            bare, .recordingNotReady(recording), .invalidState(.scheduled), .sessionExists(SessionID("s")),
            .tooEarly(opensAt: Timestamp(microseconds: 0)), .tooLate(closedAt: Timestamp(microseconds: 0)),
            .preVisitCheckFailed(["location_state"]), .participantExists(ParticipantID("p")),
            .recordingActive(RecordingID("r")), .evidenceIncomplete(["WITNESS"], place: place),
            .thirdPartyConsentMissing([ConsentEvaluationSample.gap], place: place), .watchTooLarge(visitsMax: 1),
            .versionMismatch(current: 7),
        ]
    }()

    @Test func `each refusal has exactly the metadata of its contract, and each key of it is somebody's`() throws {
        var met: [String: Set<String>] = [:]
        for error in Self.told {
            let reason = try #require(Telehealth_V1_ErrorReason(word: error.reason.rawValue))
            let contract = try #require(Telehealth_V1_ErrorReason.reasonOptions[reason])
            let keys = Set(error.metadata.keys.map(\.rawValue))
            #expect(keys.isSuperset(of: contract.metadata), "\(error.reason)")
            #expect(keys.isSubset(of: contract.metadata + contract.metadataSometimes), "\(error.reason)")
            met[reason.word, default: []].formUnion(keys)
        }
        let promised = Telehealth_V1_ErrorReason.reasonOptions.filter { !$0.value.metadata.isEmpty }
        #expect(
            met == Dictionary(
                uniqueKeysWithValues: promised.map { reason, contract in
                    (reason.word, Set(contract.metadata + contract.metadataSometimes))
                }))
        #expect(Set(met.values.joined()) == Set(TelehealthError.MetadataKey.allCases.map(\.rawValue)))
    }

    @Test func `a refusal carries its details, and the status in them is the call's own`() throws {
        var error = TelehealthError.tooEarly(opensAt: Timestamp(microseconds: 1_767_225_600_000_000))
        error.retryAfter = .milliseconds(1500)
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
        #expect(info.metadata.dictionary == ["open_time": "2026-01-01T00:00:00Z"])
        let bad = try Google_Rpc_BadRequest(decoding: status.details[1].value)
        #expect(bad.fieldViolations.map(\.field) == ["a.b"])
        let missing = try Telehealth_V1_MissingConsentDetail(decoding: status.details[2].value).missing
        #expect(missing.map(\.personID) == ["client-1"])
        #expect(missing.first?.action == .join)
        let retry = try Google_Rpc_RetryInfo(decoding: status.details[3].value)
        #expect(retry.retryDelay?.seconds == 1)
        #expect(retry.retryDelay?.nanos == 500_000_000)
    }

    @Test(arguments: SessionStatus.allCases)
    func `a wrong state is told in the details`(status: SessionStatus) throws {
        let rpc = TelehealthError.invalidState(status).asRPCError
        let details = try Google_Rpc_Status(decoding: rpc.statusDetails).details
        let detail = try #require(details.first { $0.typeURL.hasSuffix("SessionStateDetail") })
        #expect(try Telehealth_V1_SessionStateDetail(decoding: detail.value).status == status.wire)
    }
}

enum ConsentEvaluationSample {
    /// A gap made by the domain itself: its memberwise initializer is not public.
    static var gap: ConsentGap {
        ConsentGap(subjectID: SubjectID("client-1"), subjectRole: .client, type: .recording, cause: .absent)
    }
}
