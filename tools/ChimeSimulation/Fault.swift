/// A failure that a test ordered for the next calls of one operation.
struct Fault: Sendable {
    /// More orders than this are a test that forgot to take its faults away.
    static let ordersMax = 1000
    static let delayMax = SimulatedResponse.delayMax

    let id: Int
    /// An operation's name, or `*` for every operation.
    let operation: String
    var remaining: Int
    var status: Int?
    var exception: String?
    var message: String
    var retryAfterSeconds: Int?
    /// How much later the response leaves; with no other failure it is the true response.
    var delay: Duration
    var dropsConnection: Bool
    /// The call takes effect first, and only its answer is lost or replaced.
    var afterEffect: Bool
    /// The call succeeds, and what becomes of the concatenation that it started is this.
    var outcome: MediaPipeline.Outcome?

    /// Whether the caller will see something else than the call's true answer.
    var hidesAnswer: Bool { status != nil || dropsConnection }

    var error: ServiceError {
        let status = status ?? 500
        return ServiceError(
            status, exception ?? ServiceError.usualException(forStatus: status), message,
            retryAfterSeconds: retryAfterSeconds)
    }

    /// - Throws: `badRequest` that names the member which cannot be.
    init(id: Int, order: JSONValue) throws(ServiceError) {
        self.id = id
        operation = order["operation"]?.text ?? "*"
        guard operation == "*" || Self.operationNames.contains(operation) else {
            throw .badRequest("unknown operation '\(operation)'")
        }
        remaining = Int(order["count"]?.wholeNumber ?? 1)
        guard (1...1_000_000).contains(remaining) else { throw .badRequest("count must be 1 to 1000000") }
        status = order["status"]?.wholeNumber.map { Int($0) }
        if let status, !(400...599).contains(status) { throw .badRequest("status must be 400 to 599") }
        exception = order["code"]?.text
        if exception != nil, status == nil { throw .badRequest("code needs a status") }
        message = order["message"]?.text ?? "a fault requested from the simulator"
        retryAfterSeconds = order["retryAfter"]?.wholeNumber.map { Int($0) }
        delay = .milliseconds(order["delayMs"]?.wholeNumber ?? 0)
        guard (.zero...Self.delayMax).contains(delay) else {
            throw .badRequest("delayMs must be 0 to 10000")
        }
        dropsConnection = order["dropConnection"]?.flag ?? false
        afterEffect = order["afterEffect"]?.flag ?? false
        outcome = order["outcome"]?.text.flatMap(MediaPipeline.Outcome.init)
        if order["outcome"] != nil, outcome == nil || operation != "CreateMediaConcatenationPipeline" {
            throw .badRequest("outcome must be failed or noObject, of CreateMediaConcatenationPipeline")
        }
        guard status != nil || dropsConnection || delay > .zero || outcome != nil else {
            throw .badRequest("a fault needs a status, dropConnection, delayMs or outcome")
        }
    }

    static let operationNames = Set(
        MeetingsCall.operationNames + PipelinesCall.operationNames + ObjectCall.operationNames
            + QueueCall.operationNames)

    var json: JSONValue {
        [
            "id": .integer(Int64(id)), "operation": .string(operation),
            "remaining": .integer(Int64(remaining)),
            "status": status.map { .integer(Int64($0)) }, "code": exception.map(JSONValue.string),
            "retryAfter": retryAfterSeconds.map { .integer(Int64($0)) },
            "delayMs": .integer(delay.microseconds / 1000), "dropConnection": .bool(dropsConnection),
            "afterEffect": .bool(afterEffect), "outcome": outcome.map { .string($0.rawValue) },
        ]
    }
}

/// The faults on order, first come, first served.
struct FaultPlan: Sendable {
    private(set) var faults: [Fault] = []
    private var nextID = 1

    mutating func order(_ order: JSONValue) throws(ServiceError) -> Fault {
        guard faults.count < Fault.ordersMax else {
            throw .badRequest("too many faults are pending: \(Fault.ordersMax)")
        }
        let fault = try Fault(id: nextID, order: order)
        nextID += 1
        faults.append(fault)
        return fault
    }

    mutating func removeAll() { faults.removeAll() }

    /// The fault that this call meets, if any; it counts as used.
    mutating func take(for operation: String) -> Fault? {
        guard let index = faults.firstIndex(where: { $0.operation == operation || $0.operation == "*" })
        else {
            return nil
        }
        faults[index].remaining -= 1
        let fault = faults[index]
        if fault.remaining == 0 { faults.remove(at: index) }
        return fault
    }
}
