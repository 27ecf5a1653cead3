internal import Crypto

/// The calls of SQS that a reader of the queue makes, in SQS's JSON protocol.
enum QueueCall: String, Sendable, Hashable, CaseIterable {
    case receiveMessage = "ReceiveMessage"
    case deleteMessage = "DeleteMessage"
    case deleteMessageBatch = "DeleteMessageBatch"
    case changeMessageVisibility = "ChangeMessageVisibility"
    case changeMessageVisibilityBatch = "ChangeMessageVisibilityBatch"
    case getQueueURL = "GetQueueUrl"
    case getQueueAttributes = "GetQueueAttributes"

    static let operationNames = allCases.map(\.rawValue)

    init?(_ request: SimulatedRequest) {
        guard request.method == "POST", request.path == "/" || request.path.isEmpty,
            let target = request.headers["x-amz-target"], target.hasPrefix("AmazonSQS.")
        else { return nil }
        self.init(rawValue: String(target.dropFirst("AmazonSQS.".count)))
    }
}

extension SimulatedChime {
    mutating func perform(_ call: QueueCall, _ context: CallContext) throws(ServiceError) -> SimulatedResponse
    {
        let body = try context.body()
        if call == .getQueueURL {
            guard body["QueueName"]?.text == SimulatedQueue.name else { throw Self.noQueue() }
            return SimulatedResponse(status: 200, json: ["QueueUrl": .string(queueURL(context))])
        }
        let path = "/\(configuration.accountID)/\(SimulatedQueue.name)"
        guard let url = body["QueueUrl"]?.text, url.hasSuffix(path) else { throw Self.noQueue() }
        switch call {
        case .receiveMessage: return try receive(body, context)
        case .deleteMessage:
            guard queue.delete(body["ReceiptHandle"]?.text ?? "") else { throw Self.badReceipt() }
            return SimulatedResponse(status: 200, json: [:])
        case .deleteMessageBatch:
            return try batch(body) { chime, entry in
                chime.queue.delete(entry["ReceiptHandle"]?.text ?? "")
            }
        case .changeMessageVisibility:
            guard let until = Self.hidden(body, context.now),
                queue.hide(body["ReceiptHandle"]?.text ?? "", until: until)
            else { throw Self.badReceipt() }
            return SimulatedResponse(status: 200, json: [:])
        case .changeMessageVisibilityBatch:
            return try batch(body) { chime, entry in
                Self.hidden(entry, context.now).map {
                    chime.queue.hide(entry["ReceiptHandle"]?.text ?? "", until: $0)
                } ?? false
            }
        case .getQueueAttributes, .getQueueURL: return attributes(context)
        }
    }

    private func queueURL(_ context: CallContext) -> String {
        let host = context.request.headers["host"] ?? "localhost"
        return "http://\(host)/\(configuration.accountID)/\(SimulatedQueue.name)"
    }

    private mutating func receive(_ body: JSONValue, _ context: CallContext) throws(ServiceError)
        -> SimulatedResponse
    {
        let limit = body["MaxNumberOfMessages"]?.wholeNumber ?? 1
        let wait = body["WaitTimeSeconds"]?.wholeNumber ?? 0
        let visibility = body["VisibilityTimeout"]?.wholeNumber ?? SimulatedQueue.visibilityDefault
        guard (1...Int64(SimulatedQueue.messagesPerCallMax)).contains(limit),
            (0...SimulatedQueue.waitMax).contains(wait),
            (0...SimulatedQueue.visibilityMax).contains(visibility)
        else { throw ServiceError(400, "InvalidParameterValue", "a number is out of its range") }
        let messages = queue.receive(
            from: events, limit: Int(limit), visibility: .seconds(visibility), at: context.now)
        if messages.isEmpty {
            var response = SimulatedResponse(status: 200, json: [:])
            response.waitsForMore = min(.seconds(wait), SimulatedResponse.delayMax)
            return response
        }
        let items = messages.map { message -> JSONValue in
            let text = message.event.json(account: configuration.accountID).serialized()
            return [
                "MessageId": .string(message.event.id), "ReceiptHandle": .string(message.receipt),
                "MD5OfBody": .string(hex(Insecure.MD5.hash(data: text))),
                "Body": .string(String(decoding: text, as: UTF8.self)),
                "Attributes": ["ApproximateReceiveCount": .string(String(message.receives))],
            ]
        }
        return SimulatedResponse(status: 200, json: ["Messages": .array(items)])
    }

    private mutating func batch(
        _ body: JSONValue, _ act: (inout SimulatedChime, JSONValue) -> Bool
    ) throws(ServiceError) -> SimulatedResponse {
        guard let entries = body["Entries"]?.items,
            (1...SimulatedQueue.messagesPerCallMax).contains(entries.count)
        else { throw ServiceError(400, "TooManyEntriesInBatchRequest", "1 to 10 entries") }
        var successful: [JSONValue] = []
        var failed: [JSONValue] = []
        for entry in entries {
            let id = JSONValue.string(entry["Id"]?.text ?? "")
            if act(&self, entry) {
                successful.append(["Id": id])
            } else {
                failed.append(["Id": id, "SenderFault": true, "Code": "ReceiptHandleIsInvalid"])
            }
        }
        return SimulatedResponse(
            status: 200, json: ["Successful": .array(successful), "Failed": .array(failed)])
    }

    private func attributes(_ context: CallContext) -> SimulatedResponse {
        let counts = queue.count(waitingIn: events, at: context.now)
        let arn = "arn:aws:sqs:\(context.controlRegion):\(configuration.accountID):\(SimulatedQueue.name)"
        return SimulatedResponse(
            status: 200,
            json: [
                "Attributes": [
                    "ApproximateNumberOfMessages": .string(String(counts.visible)),
                    "ApproximateNumberOfMessagesNotVisible": .string(String(counts.hidden)),
                    "QueueArn": .string(arn),
                ]
            ])
    }

    private static func hidden(_ entry: JSONValue, _ now: Timestamp) -> Timestamp? {
        guard let seconds = entry["VisibilityTimeout"]?.wholeNumber,
            (0...SimulatedQueue.visibilityMax).contains(seconds)
        else { return nil }
        return now + .seconds(seconds)
    }

    private static func noQueue() -> ServiceError {
        ServiceError(400, "QueueDoesNotExist", "The specified queue does not exist.")
    }

    private static func badReceipt() -> ServiceError {
        ServiceError(400, "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
    }
}
