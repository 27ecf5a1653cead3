import GRPCStandardAPI
import ProtobufWire
import RPCClient
import RPCModel
import RPCOverHTTP2
import RPCServer
import Synchronization
import Testing

/// Reports what it is asked to, and fails when asked to as well.
private struct ReportingService: RPCService {
    static let work = MethodDescriptor(service: "test.Reporting", name: "Work")

    var routes: [ServerRoute] {
        [
            .unary(Self.work) { (request: Text, context) async throws(RPCError) -> Text in
                context.loadReport[.cpuUtilization] = 0.25
                context.loadReport[.requestCost("rows")] = 17
                context.loadReport[.memoryUtilization] = .nan
                context.trailingMetadata = ["other": "kept"]
                if request.value == "fail" { throw RPCError(.aborted, "as asked") }
                return request
            }
        ]
    }
}

/// A server whose streams of reports are cut off.
private final class CutOffReports: RPCService {
    let streams = Atomic(0)

    var routes: [ServerRoute] {
        [
            .serverStreaming(Xds_Service_Orca_V3_OpenRcaService_Methods.streamCoreMetrics) {
                [self]
                (
                    _: Xds_Service_Orca_V3_OrcaLoadReportRequest,
                    responses: ResponseWriter<Xds_Data_Orca_V3_OrcaLoadReport>, _
                ) async throws(RPCError) in
                // The first two say nothing, the others one report each.
                let number = streams.add(1, ordering: .relaxed).newValue
                if number > 2 { try await responses.write(.with { $0.eps = Double(number) }) }
                throw RPCError(.unavailable, "cut off")
            }
        ]
    }
}

/// A clock whose sleeps end at once and are written down.
private final class NotedClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let slept = Mutex<[Duration]>([])
    var sleeps: [Duration] { slept.withLock { $0 } }
    var now: Instant { Instant(offset: sleeps.reduce(.zero, +)) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let now = now
        slept.withLock { $0.append(now.duration(to: deadline)) }
        await Task.yield()
    }
}

@Suite("Load reports of calls and servers", .timeLimit(.minutes(1))) struct LoadReportCallTests {
    private static var expected: LoadReport {
        var report = LoadReport()
        report[.cpuUtilization] = 0.25
        report[.requestCost("rows")] = 17
        return report
    }

    private func trailers(of channel: some CallChannel, _ text: String) async throws -> Metadata {
        let stream = channel.startCall(ReportingService.work, options: CallOptions())
        _ = try stream.write(Text(text))
        stream.finishWriting()
        do {
            let _: Text = try await stream.onlyMessage()
            return stream.receivedTrailingMetadata
        } catch {
            return error.trailers
        }
    }

    @Test("what a handler recorded comes with the status, good or bad", arguments: ["", "fail"])
    func ofACall(request: String) async throws {
        try await Loopback.run(services: [ReportingService()]) { loopback in
            for trailers in [
                try await trailers(of: loopback.channel, request),
                try await trailers(of: try InProcessChannel(services: [ReportingService()]), request),
            ] {
                #expect(trailers.loadReport == Self.expected)
                #expect(trailers["other"] == "kept")
            }
        }
    }

    @Test("a call that recorded nothing, and a report that is none, read as nil")
    func absent() async throws {
        #expect(Metadata().loadReport == nil)
        var broken = Metadata()
        broken.append(LoadReport.metadataName, binary: [0x09, 1])
        #expect(broken.loadReport == nil)
        try await Loopback.run { loopback in
            let stream = loopback.channel.startCall(TestService.Method.echo, options: CallOptions())
            _ = try stream.write(Text("x"))
            stream.finishWriting()
            let _: Text = try await stream.onlyMessage()
            #expect(stream.receivedTrailingMetadata.loadReport == nil)
        }
    }

    @Test("every metric survives the wire, and values that no server may send do not")
    func wire() {
        var report = LoadReport()
        for (index, metric) in [
            LoadMetric.cpuUtilization, .memoryUtilization, .applicationUtilization, .requestsPerSecond, .errorsPerSecond,
            .utilization("u"), .requestCost("c"), .named("n"),
        ].enumerated() { report[metric] = Double(index + 1) / 16 }
        #expect(report.metrics.count == 8)
        #expect(LoadReport(report.message) == report)
        let strange = LoadReport(
            .with {
                $0.cpuUtilization = .nan
                $0.memUtilization = 7
                $0.utilization["u"] = -1
                $0.namedMetrics["n"] = .infinity
                $0.rps = 12
            })
        #expect(strange.metrics.map(\.key) == [.requestsPerSecond] && strange[.requestsPerSecond] == 12)
    }

    @Test(
        "a server tells its load at once and then at its interval, never more often than it allows",
        arguments: [(Duration.seconds(1), 30), (.zero, 30), (.seconds(-5), 30), (.seconds(90), 90)])
    func ofAServer(asked: Duration, interval: Int) async throws {
        let clock = NotedClock()
        let load = LoadReportService(intervalMin: .seconds(30), clock: clock)
        load.update {
            $0[.cpuUtilization] = 0.5
            $0[.requestCost("rows")] = 3
        }
        var reports = try InProcessChannel(services: [load]).loadReports(every: asked).makeAsyncIterator()
        let first = try await reports.next()
        #expect(first?[.cpuUtilization] == 0.5)
        #expect(first?[.requestCost("rows")] == nil)
        _ = try await reports.next()
        #expect(!clock.sleeps.isEmpty && clock.sleeps.allSatisfy { $0 == .seconds(interval) })
        load.update {
            $0[.cpuUtilization] = nil
            $0[.named("queue")] = 4
        }
        var latest = try await reports.next()
        while latest?[.named("queue")] == nil { latest = try await reports.next() }
        #expect(latest?[.cpuUtilization] == nil)
    }

    @Test("a stream that fails is opened again: after growing waits while it brings nothing, at once when it did")
    func again() async throws {
        let clock = NotedClock()
        let service = CutOffReports()
        let channel = try InProcessChannel(services: [service])
        let backoff = ConnectionBackoff(initial: .seconds(1), multiplier: 2, maximum: .seconds(60), jitter: 0)
        var reports = channel.loadReports(every: .seconds(1), backoff: backoff, clock: clock).makeAsyncIterator()
        for number in 3...5 {
            let report = try await reports.next()
            #expect(report?[.errorsPerSecond] == Double(number))
        }
        #expect(clock.sleeps == [.seconds(1), .seconds(2)])
    }

    @Test("a server without reports is asked once")
    func unimplemented() async throws {
        try await Loopback.run { loopback in
            var reports = loopback.channel.loadReports(every: .seconds(1)).makeAsyncIterator()
            let error = await #expect(throws: RPCError.self) { try await reports.next() }
            #expect(error?.code == .unimplemented)
        }
    }

    @Test("a channel that is shut down ends its reports", arguments: [true, false])
    func shutdown(isOpen: Bool) async throws {
        let load = LoadReportService()
        try await Loopback.run(services: isOpen ? [load] : []) { loopback in
            let backoff = ConnectionBackoff(initial: .milliseconds(1), maximum: .milliseconds(5))
            var reports = loopback.channel.loadReports(every: .zero, backoff: backoff).makeAsyncIterator()
            if isOpen { _ = try await reports.next() }
            await loopback.channel.shutdown()
            let error = await #expect(throws: RPCError.self) { try await reports.next() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a client that leaves ends its stream, and the server's end does not wait for the next report")
    func ends() async throws {
        let load = LoadReportService()
        try await Loopback.run(services: [load]) { loopback in
            let reader = Task {
                for try await _ in loopback.channel.loadReports(every: .seconds(3600)) {}
            }
            while await loopback.server.metrics().runningHandlers == 0 { await Task.yield() }
            reader.cancel()
            while await loopback.server.metrics().runningHandlers > 0 { await Task.yield() }
            await #expect(throws: RPCError.self) { try await reader.value }
        }
    }
}
