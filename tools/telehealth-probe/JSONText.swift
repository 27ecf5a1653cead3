internal import ProtobufReflection
internal import ProtobufWire
internal import TelehealthAPI
internal import TextFormats

/// Converts messages to and from protobuf JSON, using their descriptors.
struct JSONText {
    let pool: DescriptorPool

    /// For the telehealth API built into this program.
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

    /// Parses a message.
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
