internal import RPCModel
internal import Transport

extension CallMetrics {
    /// One figure with a stable name, as on a metrics page.
    public struct Number: Sendable, Hashable {
        /// Lower case with underscores; counters end in `_total`.
        public var name: String
        /// At most two pairs; the set of values is bounded.
        public var labels: [Label]
        public var value: UInt64

        public struct Label: Sendable, Hashable {
            public var name: String
            public var value: String
        }
    }

    /// Everything except the histograms of ``entries``, flat: sorted by name, then by labels.
    public var numbers: [Number] {
        var numbers = [
            gauge("grpc_server_calls_open", openCalls), gauge("grpc_server_calls_waiting", waitingCalls),
            gauge("grpc_server_handlers_running", runningHandlers),
            gauge("http2_connections_open", connections.open),
            gauge("tls_handshakes_open", connections.handshakes),
            Number(name: "http2_connections_accepted_total", labels: [], value: connections.accepted),
            Number(name: "http2_accept_pauses_total", labels: [], value: connections.pauses),
            Number(name: "grpc_server_forwardings_ignored_total", labels: [], value: ignoredForwardings),
        ]
        numbers += counters("http2_connections_refused_total", "limit", connections.refused)
        numbers += counters("http2_connections_evicted_total", "limit", connections.evicted)
        numbers += counters("http2_connections_ended_total", "reason", connectionEnds)
        numbers += counters("grpc_server_calls_refused_total", "limit", refusedCalls)
        for entry in entries {
            let labels = [
                Number.Label(name: "method", value: entry.method),
                Number.Label(name: "code", value: entry.code?.description ?? "OK"),
            ]
            numbers.append(
                Number(name: "grpc_server_handled_total", labels: labels, value: entry.counts.count))
            let microseconds = entry.counts.totalNanoseconds / 1000
            numbers.append(
                Number(name: "grpc_server_handling_microseconds_total", labels: labels, value: microseconds))
        }
        return numbers.sorted { $0.description < $1.description }
    }

    private func gauge(_ name: String, _ value: Int) -> Number {
        Number(name: name, labels: [], value: UInt64(max(0, value)))
    }

    private func counters(_ name: String, _ label: String, _ values: [String: UInt64]) -> [Number] {
        values.map { Number(name: name, labels: [.init(name: label, value: $0.key)], value: $0.value) }
    }
}

extension CallMetrics.Number: CustomStringConvertible {
    /// `name{label="value"} 1`, the form that Prometheus reads.
    public var description: String {
        let pairs = labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
        return pairs.isEmpty ? "\(name) \(value)" : "\(name){\(pairs)} \(value)"
    }
}
