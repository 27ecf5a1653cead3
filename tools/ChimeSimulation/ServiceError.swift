/// What an AWS service answers instead of a result.
///
/// The name of the exception travels in `x-amzn-ErrorType`; the Chime services put its short form into the
/// body too.
struct ServiceError: Error, Hashable, Sendable {
    var status: Int
    /// `NotFoundException`; an S3 error has its bare code here, `NoSuchKey`.
    var exception: String
    var message: String
    var retryAfterSeconds: Int?

    init(_ status: Int, _ exception: String, _ message: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.exception = exception
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    static func badRequest(_ message: String) -> ServiceError {
        ServiceError(400, "BadRequestException", message)
    }
    static func notFound(_ message: String) -> ServiceError {
        ServiceError(404, "NotFoundException", message)
    }
    static func conflict(_ message: String) -> ServiceError {
        ServiceError(409, "ConflictException", message)
    }
    /// A quota of the meetings API.
    static func limitExceeded(_ message: String) -> ServiceError {
        ServiceError(400, "LimitExceededException", message)
    }
    /// A quota of the media pipelines API.
    static func resourceLimitExceeded(_ message: String) -> ServiceError {
        ServiceError(400, "ResourceLimitExceededException", message)
    }

    /// `NotFoundException` as the body's `Code` has it: `NotFound`.
    var shortCode: String {
        exception.hasSuffix("Exception") ? String(exception.dropLast("Exception".count)) : exception
    }

    /// The exception that goes with a status when a fault names none.
    static func usualException(forStatus status: Int) -> String {
        switch status {
        case 401: "UnauthorizedException"
        case 403: "ForbiddenException"
        case 404: "NotFoundException"
        case 409: "ConflictException"
        case 422: "UnprocessableEntityException"
        case 429: "ThrottlingException"
        case 503: "ServiceUnavailableException"
        case 400..<500: "BadRequestException"
        default: "ServiceFailureException"
        }
    }

    /// The rest-json form that both Chime services use.
    func jsonResponse(requestID: String) -> SimulatedResponse {
        var response = SimulatedResponse(
            status: status,
            json: ["Code": .string(shortCode), "Message": .string(message), "RequestId": .string(requestID)])
        response.setHeader("x-amzn-ErrorType", exception)
        if let seconds = retryAfterSeconds { response.setHeader("Retry-After", String(seconds)) }
        return response
    }

    /// AWS JSON's form: the name in the body.
    func queueResponse() -> SimulatedResponse {
        var response = SimulatedResponse(
            status: status,
            json: ["__type": .string("com.amazonaws.sqs#" + exception), "message": .string(message)])
        response.setHeader("x-amzn-ErrorType", exception)
        if let seconds = retryAfterSeconds { response.setHeader("Retry-After", String(seconds)) }
        return response
    }

    /// S3's form. A HEAD has no body, so there the status is all that the client learns.
    func xmlResponse(requestID: String, isHead: Bool) -> SimulatedResponse {
        let text =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(escaped(shortCode))</Code>"
            + "<Message>\(escaped(message))</Message><RequestId>\(requestID)</RequestId></Error>"
        var response = SimulatedResponse(
            status: status,
            headers: [SimulatedResponse.Header(name: "Content-Type", value: "application/xml")],
            body: isHead ? [] : Array(text.utf8))
        if let seconds = retryAfterSeconds { response.setHeader("Retry-After", String(seconds)) }
        return response
    }

    private func escaped(_ text: String) -> String {
        var output = ""
        for character in text {
            switch character {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            default: output.append(character)
            }
        }
        return output
    }
}
