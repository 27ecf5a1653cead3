internal import HTTPSClient

/// By how much this machine's clock is off AWS's, as AWS's own answers tell.
///
/// A signature is worth nothing when its time is minutes off, and every call of a machine whose clock went wrong
/// would be refused until somebody set it right. So the time of a refusal is believed, and the call is signed once
/// more by it.
/// - Spec: AWS SDKs reference, "Clock skew": correct by the `Date` of the answer (RFC 9110 section 5.6.7), retry once.
struct ClockSkew: Hashable, Sendable {
    /// Below this the clock is not what was refused: AWS takes 5 minutes.
    static let suspicionSeconds: Int64 = 240
    /// The service says that it is the clock.
    private static let certain: Set<String> = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]
    /// The service says that the signature is wrong, which a wrong time makes it. The answer to a HEAD has no name.
    private static let possible: Set<String> = [
        "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "Unknown",
    ]

    /// What is added to this machine's clock.
    private(set) var seconds: Int64 = 0

    /// Looks at a refusal.
    ///
    /// - Parameters:
    ///   - code: the exception's name.
    ///   - date: the answer's `Date`.
    ///   - now: this machine's clock when the answer came.
    /// - Returns: whether the correction has changed, so that the same call is worth another signature.
    mutating func correct(status: Int, code: String, date: String?, now: Int64) -> Bool {
        guard status == 400 || status == 401 || status == 403, let date,
            let theirs = CivilTime.unixSeconds(ofHTTPDate: date)
        else { return false }
        let isCertain = Self.certain.contains(code)
        guard isCertain || Self.possible.contains(code) else { return false }
        let off = theirs - (now + seconds)
        guard off.magnitude >= UInt64(isCertain ? 1 : Self.suspicionSeconds) else { return false }
        seconds = theirs - now
        return true
    }
}
