/// What received bytes, or the time, mean; see ``HTTP1Session/nextEvent()``.
public enum HTTP1Event: Hashable, Sendable {
    /// A request begins: it is to be answered. Nothing else of it is needed for that.
    case head(HTTP1RequestHead)
    /// Part of its content, not empty. How the content is divided means nothing.
    ///
    /// It counts against ``HTTP1Limits/bodyWindowBytes`` until ``HTTP1Session/consume(_:now:)``.
    case body([UInt8])
    /// The request is complete.
    case end
    /// The connection is over, and with it the request that is open, whose response is cut off if it had begun;
    /// otherwise the violation's status is the answer. The last event.
    case failed(HTTP1Violation)
}
