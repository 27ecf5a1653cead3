internal import ProtobufReflection
internal import ProtobufWire
internal import TelehealthAPI
internal import TextFormats

/// Messages as protobuf JSON, by their descriptors.
struct JSONText {
    let pool: DescriptorPool

    /// Of the telehealth API that this program was built with.
    static func own() throws -> JSONText {
        JSONText(
            pool: try DescriptorPool([
                Telehealth_V1_AppointmentService_File.descriptor, Telehealth_V1_AuditService_File.descriptor,
                Telehealth_V1_ConsentDocumentService_File.descriptor, Telehealth_V1_PersonService_File.descriptor,
                Telehealth_V1_ConsentService_File.descriptor, Telehealth_V1_Errors_File.descriptor,
                Telehealth_V1_EventsService_File.descriptor, Telehealth_V1_OperationsService_File.descriptor,
                Telehealth_V1_ParticipantService_File.descriptor, Telehealth_V1_QualityService_File.descriptor,
                Telehealth_V1_RecordingService_File.descriptor, Telehealth_V1_TelehealthService_File.descriptor,
            ]))
    }

    /// The other way round.
    func message<M: Message>(_ text: String) throws -> M {
        guard let descriptor = pool.message(named: M.fullName) else {
            throw ProbeFailure.usage("no descriptor for \(M.fullName)")
        }
        return try M(decoding: DynamicMessage(descriptor, json: text).encodedBytes())
    }

    func line(_ message: some Message) throws -> String { try text(message, isIndented: false) }

    func pretty(_ message: some Message) throws -> String { try text(message, isIndented: true) }

    private func text<M: Message>(_ message: M, isIndented: Bool) throws -> String {
        guard let descriptor = pool.message(named: M.fullName) else {
            throw ProbeFailure.usage("no descriptor for \(M.fullName)")
        }
        return try DynamicMessage(descriptor, decoding: message.encodedBytes())
            .jsonText(options: JSONEncodingOptions(isIndented: isIndented))
    }
}
