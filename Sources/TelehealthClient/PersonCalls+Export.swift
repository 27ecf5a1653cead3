internal import ProtobufWire
public import RPCModel
internal import TelehealthAPI

extension PersonCalls {
    /// A person's consents, visits and accesses as a FHIR R4 Bundle: the pieces of one JSON document, in order.
    ///
    /// Not retried, because each export is audited. Each piece may take as long as a call
    /// (``ClientConfiguration/timeout``); the reader has no time limit.
    public func exportRecord(_ person: String) -> PersonRecordPieces {
        PersonRecordPieces(client: client, person: person)
    }
}

/// The pieces of an exported record as they arrive.
public struct PersonRecordPieces: AsyncSequence {
    public typealias Element = [UInt8]
    public typealias Failure = RPCError

    let client: TelehealthClient
    let person: String

    public func makeAsyncIterator() -> Iterator { Iterator(client: client, person: person) }

    public struct Iterator: AsyncIteratorProtocol {
        let client: TelehealthClient
        let person: String
        private var pieces: ListenedStream<Telehealth_V1_ExportPersonRecordResponse>?

        init(client: TelehealthClient, person: String) {
            self.client = client
            self.person = person
        }

        public mutating func next() async throws(RPCError) -> [UInt8]? {
            if pieces == nil {
                let token = try await client.authorisation(replacing: nil)
                // No timeout of the whole: the reader sets the pace.
                let options = CallOptions(metadata: ["authorization": "Bearer " + token])
                let stream: ResponseStream<Telehealth_V1_ExportPersonRecordResponse> = client.channel.serverStreaming(
                    Telehealth_V1_PersonService_Methods.exportPersonRecord,
                    Telehealth_V1_ExportPersonRecordRequest.with { $0.personID = person }, options: options)
                pieces = ListenedStream(stream)
            }
            let limit = client.configuration.timeout
            return try await pieces?.next(within: limit)?.chunk
        }
    }
}
