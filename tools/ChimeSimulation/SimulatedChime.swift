/// A Chime SDK account and its bucket, as a value: a request and the time go in, a response and the next
/// state come out. Nothing in here waits, reads a clock or draws a random number.
///
/// Every public call first lets happen what is due by then, so a state never shows a meeting that should have
/// ended.
public struct SimulatedChime: Sendable {
    /// A request's body may not be longer, in bytes; AWS's own limit is of this order, and a body is held in
    /// memory.
    public static let bodyBytesMax = 256 * 1024

    let configuration: Configuration
    var clock = VirtualClock()
    var identifiers: IdentifierSource
    var faults = FaultPlan()
    var counters = OperationCounters()
    var events = EventLog()
    var queue = SimulatedQueue()
    var objects: ObjectStore

    var meetings: [String: Meeting] = [:]
    var liveMeetingCount = 0
    /// Meeting ids by control region and ClientRequestToken, for as long as the meeting is remembered.
    var meetingIDsByToken: [String: String] = [:]
    /// Creates whose response is still under way, by the same key, with the instant at which it arrives.
    var creationsUnderWay: [String: Timestamp] = [:]
    var meetingIDsByAttendee: [String: String] = [:]
    var endedMeetingIDs = ArraySlice<String>()

    var pipelines: [String: MediaPipeline] = [:]
    var activePipelineCount = 0
    var pipelineIDsByToken: [String: String] = [:]
    var concatenationsByCapture: [String: [String]] = [:]
    var finishedPipelineIDs = ArraySlice<String>()
    var nextPipelineOrdinal = 1

    var deadlines = DeadlineQueue()
    private var verifier: SignatureVerifier
    private var throttle: Throttle?

    public init(configuration: Configuration) {
        self.configuration = configuration
        identifiers = IdentifierSource(seed: configuration.seed)
        objects = ObjectStore(objectsMax: configuration.endedMax)
        verifier = SignatureVerifier(credentials: configuration.credentials)
        throttle = configuration.throttle.map { Throttle(limits: $0) }
    }

    /// What a call knows besides its own request.
    struct CallContext {
        let request: SimulatedRequest
        let now: Timestamp
        let controlRegion: String
        let requestID: String
        /// How much later the response leaves, by order of a fault.
        let orderedDelay: Duration
        /// How the pipeline ends that the call starts, by order of a fault.
        let orderedOutcome: MediaPipeline.Outcome?

        /// Parsed when it is needed: a GET has none.
        func body() throws(ServiceError) -> JSONValue {
            guard let body = try? JSONParser.parse(request.body ?? []), body.isObject else {
                throw ServiceError(400, "SerializationException", "the body is not a JSON object")
            }
            return body
        }
    }

    /// Answers one HTTP request.
    ///
    /// - Parameter wallClock: the real time. Signatures are checked against it; meetings and pipelines live by
    ///   the virtual clock, which tests can advance.
    public mutating func respond(to request: SimulatedRequest, at wallClock: Timestamp) -> SimulatedResponse {
        let now = clock.now(at: wallClock)
        happen(until: now)
        let requestID = identifiers.uuid()
        var response: SimulatedResponse
        if (request.body?.count ?? .max) > Self.bodyBytesMax {
            response = ServiceError(413, "RequestEntityTooLargeException", "the body is too long")
                .jsonResponse(requestID: requestID)
        } else if request.path.hasPrefix("/_simulator") {
            response = respondToAdmin(request, wallClock: wallClock)
        } else if let call = APICall(request, bucket: configuration.bucket) {
            response = respond(to: call, request, requestID: requestID, now: now, wallClock: wallClock)
        } else {
            response = ServiceError(404, "UnknownOperationException", "no simulated operation has this path")
                .jsonResponse(requestID: requestID)
        }
        response.setHeader("x-amzn-RequestId", requestID)
        response.setHeader("x-amz-request-id", requestID)
        response.setHeader("Date", wallClock.httpDate)
        return response
    }

    private mutating func respond(
        to call: APICall, _ request: SimulatedRequest, requestID: String, now: Timestamp, wallClock: Timestamp
    ) -> SimulatedResponse {
        let name = call.operationName
        let controlRegion: String
        do {
            controlRegion = try verifier.verify(request, service: call.signingName, wallClock: wallClock)
        } catch {
            return refuse(call, error, requestID: requestID)
        }
        let fault = faults.take(for: name)
        if let fault, fault.hidesAnswer, !fault.afterEffect {
            return apply(fault, to: call, requestID: requestID)
        }
        var response: SimulatedResponse
        do {
            try admit(call, now: now)
            let context = CallContext(
                request: request, now: now, controlRegion: controlRegion, requestID: requestID,
                orderedDelay: fault?.delay ?? .zero, orderedOutcome: fault?.outcome)
            response = try perform(call, context)
            if fault?.hidesAnswer != true { counters.record(name, .succeeded) }
        } catch {
            if fault?.hidesAnswer != true { counters.record(name, .failed(error.exception)) }
            response = render(error, for: call, requestID: requestID)
        }
        guard let fault else { return response }
        if fault.hidesAnswer { return apply(fault, to: call, requestID: requestID) }
        response.delay = max(response.delay, fault.delay)
        return response
    }

    private mutating func apply(_ fault: Fault, to call: APICall, requestID: String) -> SimulatedResponse {
        var response = render(fault.error, for: call, requestID: requestID)
        response.delay = fault.delay
        response.dropsConnection = fault.dropsConnection
        counters.record(
            call.operationName, fault.dropsConnection ? .dropped : .failed(fault.error.exception))
        return response
    }

    private mutating func refuse(
        _ call: APICall, _ error: ServiceError, requestID: String
    ) -> SimulatedResponse {
        counters.record(call.operationName, .failed(error.exception))
        return render(error, for: call, requestID: requestID)
    }

    private func render(_ error: ServiceError, for call: APICall, requestID: String) -> SimulatedResponse {
        switch call {
        case .meetings, .pipelines: return error.jsonResponse(requestID: requestID)
        case .queue: return error.queueResponse()
        case .objects(let call):
            if case .head = call { return error.xmlResponse(requestID: requestID, isHead: true) }
            return error.xmlResponse(requestID: requestID, isHead: false)
        }
    }

    private mutating func admit(_ call: APICall, now: Timestamp) throws(ServiceError) {
        switch call {
        case .meetings(let call):
            guard throttle?.admit(call.operationName, at: now) ?? true else {
                throw ServiceError(429, "ThrottlingException", "Rate exceeded")
            }
        case .pipelines:
            guard throttle?.admit("media pipelines", at: now) ?? true else {
                throw ServiceError(429, "ThrottledClientException", "Rate exceeded")
            }
        case .objects, .queue: break
        }
    }

    private mutating func perform(
        _ call: APICall, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        switch call {
        case .meetings(let call): try perform(call, context)
        case .pipelines(let call): try perform(call, context)
        case .objects(let call): try perform(call, context)
        case .queue(let call): try perform(call, context)
        }
    }

    private mutating func perform(
        _ call: MeetingsCall, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        switch call {
        case .createMeeting: try createMeeting(context, withAttendees: false)
        case .createMeetingWithAttendees: try createMeeting(context, withAttendees: true)
        case .getMeeting(let id): try getMeeting(id, context)
        case .deleteMeeting(let id): try deleteMeeting(id, context)
        case .createAttendee(let meeting): try createAttendee(meeting, context)
        case .batchCreateAttendee(let meeting): try batchCreateAttendee(meeting, context)
        case .listAttendees(let meeting): try listAttendees(meeting, context)
        case .getAttendee(let meeting, let attendee): try getAttendee(meeting, attendee, context)
        case .deleteAttendee(let meeting, let attendee): try deleteAttendee(meeting, attendee, context)
        case .updateAttendeeCapabilities(let meeting, let attendee):
            try updateCapabilities(meeting, attendee, context)
        case .batchUpdateAttendeeCapabilitiesExcept(let meeting):
            try updateCapabilitiesExcept(meeting, context)
        }
    }

    private mutating func perform(
        _ call: PipelinesCall, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        switch call {
        case .createCapture: try createCapture(context)
        case .getCapture(let id): try getPipeline(id, captureOnly: true, context)
        case .listCaptures: try listCaptures(context)
        case .deleteCapture(let id): try deletePipeline(id, captureOnly: true, context)
        case .createConcatenation: try createConcatenation(context)
        case .getPipeline(let id): try getPipeline(id, captureOnly: false, context)
        case .deletePipeline(let id): try deletePipeline(id, captureOnly: false, context)
        }
    }
}
