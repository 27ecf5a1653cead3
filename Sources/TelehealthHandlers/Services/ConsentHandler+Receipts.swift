internal import AuditChain
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension ConsentHandler {
    func getConsentReceipt(_ request: Telehealth_V1_GetConsentReceiptRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetConsentReceiptResponse
    {
        let id = ConsentID(request.consentID)
        let invocation = try context.reading()
        let receipt = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await receipts.receipt(of: id, invocation)
        }
        return .with {
            $0.receipt = receipt.text
            $0.keyID = receipt.keyID
        }
    }

    func getReceiptKey(_ request: Telehealth_V1_GetReceiptKeyRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetReceiptKeyResponse
    {
        let keys = receipts.keys.current
        return .with {
            $0.publicKey = keys.signer.publicKey.bytes
            $0.keyID = keys.signer.publicKey.id
            $0.retiredKeys = keys.retired.map { retired in
                .with {
                    $0.publicKey = retired.key.bytes
                    $0.keyID = retired.key.id
                    $0.retireTime = retired.retiredAt.wire
                }
            }
        }
    }
}
