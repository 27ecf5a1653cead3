import RPCModel
import Testing

@Suite("Load reports") struct LoadReportTests {
    @Test("a value outside a metric's range changes nothing")
    func ranges() {
        let allowed: [(LoadMetric, [Double])] = [
            (.cpuUtilization, [0, 0.5, 1.5]), (.applicationUtilization, [0, 3]), (.memoryUtilization, [0, 1]),
            (.requestsPerSecond, [0, 1e9]), (.errorsPerSecond, [0.25]), (.utilization("disk"), [0, 1]),
            (.requestCost("bytes"), [-1, 0, 1e300]), (.named("queue"), [-7, 12]),
        ]
        let refused: [(LoadMetric, [Double])] = [
            (.cpuUtilization, [-0.1]), (.applicationUtilization, [-1]), (.memoryUtilization, [-0.1, 1.1]),
            (.requestsPerSecond, [-1]), (.errorsPerSecond, [-0.5]), (.utilization("disk"), [-0.1, 1.1]),
        ]
        for (metric, values) in allowed {
            for value in values {
                var report = LoadReport()
                report[metric] = value
                #expect(report[metric] == value)
                for wrong in [Double.nan, .infinity, -Double.infinity] { report[metric] = wrong }
                #expect(report[metric] == value)
            }
        }
        for (metric, values) in refused {
            for value in values {
                var report = LoadReport()
                report[metric] = value
                #expect(report.isEmpty, "\(metric) \(value)")
            }
        }
    }

    @Test("the last value counts, names keep apart, and nil clears")
    func recording() {
        var report = LoadReport()
        report[.named("a")] = 1
        report[.named("a")] = 2
        report[.utilization("a")] = 0.5
        #expect(report[.named("a")] == 2)
        report[.named("a")] = nil
        #expect(report.metrics.map(\.key) == [.utilization("a")])
    }
}
