internal import ArgumentParser
internal import FoundationEssentials
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

/// The service's measures, compared with their targets.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show the service's measures over a period, each with its target.",
        discussion: """
            Needs role admin; on the service's own machine the probe signs such a token with the development key. Covers \
            the last 24 hours by default, at most 366 days.

              telehealth-probe report
              telehealth-probe report --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z
              telehealth-probe report --json | jq .averageJoinSeconds

            Exit status as of the probe; 4 when a measure missed its target.
            """)
    @OptionGroup var options: OperatorOptions

    @Option(help: "Start of the period (RFC 3339). Default: one day before its end.")
    var from: String?

    @Option(help: "End of the period (RFC 3339). Default: now.")
    var to: String?

    private static let day: Int64 = 86_400

    /// The format of a measure.
    private enum Unit {
        case seconds, share
        /// A number out of a total.
        case ratio
    }

    func run() async throws {
        let end =
            try to.map { try Google_Protobuf_Timestamp(text: $0) }
            ?? .with { $0.seconds = Int64(Date().timeIntervalSince1970) }
        let begin =
            try from.map { try Google_Protobuf_Timestamp(text: $0) } ?? .with { $0.seconds = end.seconds - Self.day }
        try await options.run(doing: "report") { client in
            let report = try await client.quality.getServiceReport(.with { ($0.startTime, $0.endTime) = (begin, end) })
            if options.json {
                Terminal.say("\(try JSONText.own().line(report))")
            } else {
                Terminal.say(Self.table(report))
            }
            let missed = Self.measures(report).filter { $0.measure?.value != nil && $0.measure?.met == false }
            guard missed.isEmpty else {
                throw ProbeFailure.unhealthy("missed: \(missed.map(\.name).joined(separator: ", "))")
            }
        }
    }

    private static func measures(_ report: Telehealth_V1_GetServiceReportResponse) -> [(
        name: String, unit: Unit, sign: String, measure: Telehealth_V1_ServiceMeasure?
    )] {
        [
            ("sessions created", .ratio, ">", report.sessionCreationSuccess),
            ("join, mean", .seconds, "<", report.averageJoinSeconds),
            ("join, 95 of 100", .seconds, "<", report.p95JoinSeconds),
            ("video in 720p", .share, ">", report.video720pShare),
            ("connection stability", .share, ">", report.connectionStability),
            ("consents of visits", .ratio, "=", report.consentCoverage),
            ("consents of recordings", .ratio, "=", report.recordingConsentCoverage),
        ]
    }

    private static func table(_ report: Telehealth_V1_GetServiceReportResponse) -> DisplayText {
        var lines: [DisplayText] = ["\(report.startTime.text) to \(report.endTime.text)", ""]
        for (name, unit, sign, measure) in measures(report) {
            let measure = measure ?? .init()
            let value: DisplayText = measure.value.map { "\(text($0, unit))" } ?? "not measured"
            let verdict: DisplayText =
                measure.value == nil
                ? "" : measure.met ? Terminal.styled("met", .green) : Terminal.styled("MISSED", .red)
            let basis: DisplayText = unit == .ratio ? "\(measure.count) of \(measure.total)" : "of \(measure.total)"
            lines.append(
                padded("\(name)", 24) + padded(value, 14) + padded("target \(sign) \(text(measure.target, unit))", 20)
                    + padded(measure.value == nil ? "" : basis, 18) + verdict)
        }
        lines.append(padded("drops", 24) + "\(report.drops), \(report.reconnections) reconnected")
        return lines.joined(separator: "\n")
    }

    private static func text(_ value: Double, _ unit: Unit) -> String {
        switch unit {
        case .seconds: value.text(decimals: 2) + " s"
        case .share, .ratio: (value * 100).text(decimals: 2) + " %"
        }
    }

    private static func padded(_ text: DisplayText, _ width: Int) -> DisplayText {
        text.padded(to: width - 1) + " "
    }
}
