internal import HTTPSClient

/// How far this machine's clock differs from AWS's, according to AWS's responses.
///
/// A signature whose time is off by minutes is invalid, so every call of a machine with a wrong clock would be
/// refused until someone corrected it. Therefore the time of a refusal is trusted, and the call is signed once more
/// with it.
/// - Spec: AWS SDKs reference, "Clock skew": correct by the `Date` of the response (RFC 9110 section 5.6.7), retry
///   once.
struct ClockSkew: Hashable, Sendable {
    /// A smaller difference is not the reason of a refusal: AWS allows 5 minutes.
    static let suspicionSeconds: Int64 = 240
    /// Codes that name the clock as the reason.
    private static let certain: Set<String> = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]
    /// Codes for an invalid signature, which a wrong time causes too. The response to a HEAD has no code.
    private static let possible: Set<String> = [
        "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "Unknown",
    ]

    /// Added to this machine's clock.
    private(set) var seconds: Int64 = 0

    /// Evaluates a refusal.
    ///
    /// - Parameters:
    ///   - code: the exception's name.
    ///   - date: the response's `Date`.
    ///   - now: this machine's clock when the response arrived.
    /// - Returns: whether the correction has changed, so that the call should be signed again.
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
