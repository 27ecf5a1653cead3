internal import EventCore
internal import HTTP1Engine

/// What all connections of an endpoint share.
struct MonitoringService: Sendable {
    let responder: MonitoringServer.Responder
    let counters: MonitoringCounters
    let unixSeconds: @Sendable () -> Int64

    func time(_ now: MonotonicInstant) -> HTTP1Time {
        HTTP1Time(monotonicNanoseconds: now.nanoseconds, unixSeconds: unixSeconds())
    }
}
