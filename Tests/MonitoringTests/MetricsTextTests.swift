import Monitoring
import Testing

@Suite("Metrics text")
struct MetricsTextTests {
    @Test("escapes labels and writes whole numbers without a fraction")
    func format() {
        var metrics = MetricsText()
        metrics.family("calls_total", .counter, "Calls.")
        metrics.sample(3, ["method": "a\"b\\c\nd", "code": "OK"])
        metrics.sample(0.5, ["le": "0.5"], suffix: "_bucket")
        #expect(
            metrics.text == """
                # HELP calls_total Calls.
                # TYPE calls_total counter
                calls_total{method="a\\"b\\\\c\\nd",code="OK"} 3
                calls_total_bucket{le="0.5"} 0.5

                """)
    }
}
