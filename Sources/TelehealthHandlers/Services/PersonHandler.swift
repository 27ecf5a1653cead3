internal import FHIRExport
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules
internal import TextFormats

/// `PersonService`.
struct PersonHandler: Telehealth_V1_PersonServiceHandler {
    /// Size of one piece of an export: small enough for any client's message limit.
    private static let chunkBytes = 64 * 1024

    let archive: PersonArchive
    let longWork: any TaskExecutor

    func exportPersonRecord(
        _ request: Telehealth_V1_ExportPersonRecordRequest,
        responses: ResponseWriter<Telehealth_V1_ExportPersonRecordResponse>, context: ServerCallContext
    ) async throws(RPCError) {
        let subject = SubjectID(request.personID)
        let invocation = try context.reading()
        let record = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await archive.record(of: subject, invocation)
        }
        var rest = record.fhirBundle.bytes[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(Self.chunkBytes))
            rest = rest.dropFirst(Self.chunkBytes)
            try await responses.write(.with { $0.chunk = chunk })
        }
    }
}
