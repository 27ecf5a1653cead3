/// Something a server measures of itself or of one call, for clients that spread their calls by it.
///
/// - Spec: grpc/proposal A51; the fields of `xds.data.orca.v3.OrcaLoadReport`.
public enum LoadMetric: Sendable, Hashable {
    /// Share of the CPU there is for the server; above 1 while it borrows.
    case cpuUtilization
    /// Share of the memory there is for the server, 0...1.
    case memoryUtilization
    /// Share of what the program itself calls its capacity; above 1 beyond it.
    case applicationUtilization
    /// Calls of all services together.
    case requestsPerSecond
    case errorsPerSecond
    /// Share of another resource, 0...1.
    case utilization(String)
    /// What the call took, such as bytes of storage; of one call only, never of the server.
    case requestCost(String)
    /// Anything else; client and server know what it means.
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

    /// The last value recorded, `nil` for none. Setting `nil` clears it; a value outside the metric's range changes
    /// nothing, neither when it is recorded nor when a peer sends it: measurements may fail, calls shall not.
    ///
    /// A metric without a name (the first five) that is 0 does not show on the wire and arrives as `nil`.
    public subscript(metric: LoadMetric) -> Double? {
        get { values[metric] }
        set {
            if let newValue, !metric.allows(newValue) { return }
            values[metric] = newValue
        }
    }

    public var isEmpty: Bool { values.isEmpty }

    /// What there is, in no order.
    public var metrics: some Collection<(key: LoadMetric, value: Double)> & Sendable { values }
}
