/// A load measurement of a server or of one call, for clients that balance by it.
///
/// - Spec: grpc/proposal A51; the fields of `xds.data.orca.v3.OrcaLoadReport`.
public enum LoadMetric: Sendable, Hashable {
    /// Share of the server's CPU; may exceed 1 while it bursts.
    case cpuUtilization
    /// Share of the server's memory, 0...1.
    case memoryUtilization
    /// Share of the capacity that the application itself defines; above 1 when exceeded.
    case applicationUtilization
    /// Calls of all services together.
    case requestsPerSecond
    case errorsPerSecond
    /// Share of another resource, 0...1.
    case utilization(String)
    /// What the call consumed, such as bytes of storage; for calls only, not for servers.
    case requestCost(String)
    /// Any other metric that client and server agree on.
    case named(String)

    /// No metric may be NaN or infinite; rates and shares are not negative.
    func allows(_ value: Double) -> Bool {
        switch self {
        case .cpuUtilization, .applicationUtilization, .requestsPerSecond, .errorsPerSecond:
            value >= 0 && value.isFinite
        case .memoryUtilization, .utilization: (0...1).contains(value)
        case .requestCost, .named: value.isFinite
        }
    }
}

/// The metrics of one call or of one server: `report[.cpuUtilization] = 0.4`.
public struct LoadReport: Sendable, Hashable {
    private var values: [LoadMetric: Double] = [:]

    public init() {}

    /// The last recorded value, `nil` if none. Setting `nil` clears it. A value outside the metric's range changes
    /// nothing, whether recorded or received from a peer: a wrong measurement must not fail a call.
    ///
    /// A metric without a name (the first five) with the value 0 is not sent and arrives as `nil`.
    public subscript(metric: LoadMetric) -> Double? {
        get { values[metric] }
        set {
            if let newValue, !metric.allows(newValue) { return }
            values[metric] = newValue
        }
    }

    public var isEmpty: Bool { values.isEmpty }

    /// All recorded metrics, in no particular order.
    public var metrics: some Collection<(key: LoadMetric, value: Double)> & Sendable { values }
}
