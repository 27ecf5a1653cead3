public import GRPCStandardAPI
internal import ProtobufWire
public import RPCModel

extension LoadReport {
    /// The trailer with a call's report.
    public static let metadataName = "endpoint-load-metrics-bin"

    public init(_ message: Xds_Data_Orca_V3_OrcaLoadReport) {
        self.init()
        // A message without presence cannot distinguish 0 from unset: treated as not measured.
        func measured(_ value: Double) -> Double? { value == 0 ? nil : value }
        self[.cpuUtilization] = measured(message.cpuUtilization)
        self[.memoryUtilization] = measured(message.memUtilization)
        self[.applicationUtilization] = measured(message.applicationUtilization)
        // `rps` is the older field, before fractions.
        self[.requestsPerSecond] = measured(message.rpsFractional) ?? measured(Double(message.rps))
        self[.errorsPerSecond] = measured(message.eps)
        for (name, value) in message.utilization.pairs { self[.utilization(name)] = value }
        for (name, value) in message.requestCost.pairs { self[.requestCost(name)] = value }
        for (name, value) in message.namedMetrics.pairs { self[.named(name)] = value }
    }

    public var message: Xds_Data_Orca_V3_OrcaLoadReport {
        var message = Xds_Data_Orca_V3_OrcaLoadReport()
        for (metric, value) in metrics {
            switch metric {
            case .cpuUtilization: message.cpuUtilization = value
            case .memoryUtilization: message.memUtilization = value
            case .applicationUtilization: message.applicationUtilization = value
            case .requestsPerSecond: message.rpsFractional = value
            case .errorsPerSecond: message.eps = value
            case .utilization(let name): message.utilization[name] = value
            case .requestCost(let name): message.requestCost[name] = value
            case .named(let name): message.namedMetrics[name] = value
            }
        }
        return message
    }
}
