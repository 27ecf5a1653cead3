internal import RPCModel
internal import TelehealthAPI
internal import TelehealthCore

/// `ConsentReceiptService`.
struct ConsentReceiptHandler: Telehealth_V1_ConsentReceiptServiceHandler {
    /// Bytes of one piece of an export: few enough for any client's message limit.
    private static let chunkBytes = 64 * 1024

    let receipts: ReceiptOffice
    let archive: PersonArchive
    let longWork: any TaskExecutor

    func getConsentReceipt(_ request: Telehealth_V1_GetConsentReceiptRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetConsentReceiptResponse
    {
        let id = ConsentID(request.consentID)
        let invocation = try context.reading()
        let receipt = try await answering { () async throws(TelehealthError) in
            try await receipts.receipt(of: id, invocation)
        }
        return filled {
            $0.receipt = receipt.text
            $0.keyID = receipt.keyID
        }
    }

    func getReceiptKey(_ request: Telehealth_V1_GetReceiptKeyRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetReceiptKeyResponse
    {
        let keys = receipts.keys.current
        return filled {
            $0.publicKey = keys.signer.publicKey.bytes
            $0.keyID = keys.signer.publicKey.id
            $0.retiredKeys = keys.retired.map { retired in
                filled {
                    $0.publicKey = retired.key.bytes
                    $0.keyID = retired.key.id
                    $0.retireTime = retired.retiredAt.wire
                }
            }
        }
    }

    func exportPersonRecord(
        _ request: Telehealth_V1_ExportPersonRecordRequest,
        responses: ResponseWriter<Telehealth_V1_ExportPersonRecordResponse>, context: ServerCallContext
    ) async throws(RPCError) {
        let subject = SubjectID(request.personID)
        let invocation = try context.reading()
        let record = try await answering(on: longWork) { () async throws(TelehealthError) in
            try await archive.record(of: subject, invocation)
        }
        var rest = record.bundle.bytes[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(Self.chunkBytes))
            rest = rest.dropFirst(Self.chunkBytes)
            try await responses.write(filled { $0.chunk = chunk })
        }
    }
}
