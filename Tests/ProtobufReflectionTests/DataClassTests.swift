import ProtobufReflection
import ProtobufWire
import TelehealthAPI
import Testing

@Suite("Data classes of the API's fields") struct DataClassTests {
    private let pool: DescriptorPool
    private let option: UInt32

    init() throws {
        pool = try DescriptorPool([
            Telehealth_V1_AppointmentService_File.descriptor, Telehealth_V1_TelehealthService_File.descriptor,
            Telehealth_V1_ConsentService_File.descriptor, Telehealth_V1_Errors_File.descriptor,
            Telehealth_V1_OperationsService_File.descriptor, Telehealth_V1_AuditService_File.descriptor,
            Telehealth_V1_ConsentDocumentService_File.descriptor, Telehealth_V1_PersonService_File.descriptor,
            Telehealth_V1_ParticipantService_File.descriptor, Telehealth_V1_RecordingService_File.descriptor,
            Telehealth_V1_EventsService_File.descriptor, Telehealth_V1_QualityService_File.descriptor,
        ])
        let options = try #require(pool.message(named: "google.protobuf.FieldOptions"))
        option = try #require(options.field(named: "[telehealth.v1.data_class]")).number
    }

    /// Every message of our package, nested ones included.
    private var messages: [MessageDescriptor] {
        func names(_ messages: [Google_Protobuf_DescriptorProto], in scope: String) -> [String] {
            // A map's entries have the class of the map.
            messages.filter { $0.options?.mapEntry != true }.flatMap { message -> [String] in
                let name = scope + "." + (message.name ?? "")
                return [name] + names(message.nestedType, in: name)
            }
        }
        return pool.files.filter { $0.package == "telehealth.v1" }
            .flatMap { names($0.messageType, in: "telehealth.v1") }
            .compactMap { pool.message(named: $0) }
    }

    @Test("no field is without a class, but for those that hold a message of the package")
    func everyFieldIsClassified() {
        #expect(messages.count > 80)
        for message in messages {
            for field in message.fields {
                let holdsOwnMessage = field.kind == .message && !field.isMap && field.typeName.hasPrefix("telehealth.v1.")
                let level = field.enumOption(option)
                #expect(
                    holdsOwnMessage ? level == nil : (level ?? 0) > 0, "\(message.fullName).\(field.name): class")
            }
        }
    }

    @Test("what the API calls personal or secret in words is so by its class too")
    func documentedFieldsAreClassified() throws {
        let personal = Telehealth_V1_DataClass.personal.rawValue
        let secret = Telehealth_V1_DataClass.secret.rawValue
        for (message, field, level) in [
            ("PreVisitCheck", "location_address", personal), ("PreVisitCheck", "emergency_contact_phone", personal),
            ("ConsentSubmission", "evidence", personal), ("RevokeConsentRequest", "reason", personal),
            ("EndSessionRequest", "note", personal), ("ChimeJoinInfo", "join_token", secret),
            ("GetRecordingPlaybackUrlResponse", "url", secret),
            ("Session", "client_id", Telehealth_V1_DataClass.pseudonym.rawValue),
        ] {
            let type = try #require(pool.message(named: "telehealth.v1." + message))
            #expect(type.field(named: field)?.enumOption(option) == level, "\(message).\(field)")
        }
    }

    private func redacted(_ message: some Message, _ name: String) throws -> String {
        let redaction = try #require(
            Redaction(
                pool, option: "telehealth.v1.data_class",
                showing: ["DATA_CLASS_PUBLIC", "DATA_CLASS_INTERNAL"]))
        let type = try #require(pool.message(named: name))
        return try redaction.redact(DynamicMessage(type, decoding: message.encodedBytes())).jsonText()
    }

    @Test("a redacted message keeps what explains a call and nothing of a person, at any depth")
    func redactsNestedFields() throws {
        var request = Telehealth_V1_JoinSessionRequest.with {
            $0.requestID = "r-1"
            $0.key = .sessionID("s-1")
            $0.preVisitCheck = .with {
                $0.locationAddress = "1180 Peachtree St"
                $0.emergencyContactName = "Ana Perez"
                $0.privatePlace = true
            }
        }
        request.unknownFields.append(field: 999, delimited: Array("stowaway".utf8))
        let text = try redacted(request, "telehealth.v1.JoinSessionRequest")
        #expect(text.contains("r-1") && text.contains("s-1") && text.contains("privatePlace"))
        #expect(!text.contains("Peachtree") && !text.contains("Ana") && !text.contains("stowaway"))
        #expect(text.contains(Redaction.mask))
    }

    @Test("lists are redacted element by element, and timestamps follow their field's class")
    func redactsLists() throws {
        let session = Telehealth_V1_Session.with {
            $0.sessionID = "s-1"
            $0.clientID = "client-7"
            $0.scheduledStartTime = .with { $0.seconds = 1_790_000_000 }
            $0.participants = [.with { $0.personID = "client-7" }, .with { $0.personID = "doc-3" }]
            $0.closingNote = "went home"
        }
        let text = try redacted(session, "telehealth.v1.Session")
        #expect(!text.contains("client-7") && !text.contains("doc-3") && !text.contains("went home"))
        #expect(text.contains("2026-09-21"))
        #expect(text.split(separator: Redaction.mask, omittingEmptySubsequences: false).count == 5)
    }

    @Test("a message put into a log line or dumped shows its name alone")
    func printsNothing() {
        let check = Telehealth_V1_PreVisitCheck.with { $0.emergencyContactPhone = "+1 404 555 0100" }
        let join = Telehealth_V1_JoinSessionRequest.with { $0.preVisitCheck = check }
        var dumped = ""
        dump(join, to: &dumped)
        for text in ["\(check)", "\(join)", String(reflecting: [join]), dumped] {
            #expect(!text.contains("404"), "\(text)")
            #expect(text.contains("telehealth.v1."))
        }
    }
}
