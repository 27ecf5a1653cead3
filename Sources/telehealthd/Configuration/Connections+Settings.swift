internal import RPCServer
internal import Transport

extension DaemonConfiguration {
    /// What connections and requests may be, where an operator has reason to choose.
    struct Connections: Sendable {
        var permittedPingInterval: Duration
        var keepaliveTime: Duration
        var keepaliveTimeout: Duration
        /// nil: never.
        var ageMax: Duration?
        var ageGrace: Duration
        /// nil: never.
        var idleMax: Duration?
        var streamsMax: Int
        var requestBytesMax: Int

        /// Refuses what would cut clients off for nothing or wait without end.
        init(_ reader: inout SettingReader) {
            func duration(_ key: String, from least: Duration, to most: Duration, _ range: String) -> Duration {
                let value = reader.duration(key)
                if value < least || value > most { reader.refuse(key, "must be from \(range)") }
                return value
            }
            func limit(_ key: String, from least: Duration) -> Duration? {
                let value = reader.duration(key)
                if value == .zero { return nil }
                if value < least || value > .seconds(30 * 86_400) {
                    reader.refuse(key, "must be 0s, or from 10s to 30d")
                }
                return value
            }
            permittedPingInterval = duration(
                "telehealth.permittedPingInterval", from: .seconds(1), to: .seconds(7200), "1s to 2h")
            keepaliveTime = duration("telehealth.keepaliveTime", from: .seconds(1), to: .seconds(86_400), "1s to 24h")
            keepaliveTimeout = duration("telehealth.keepaliveTimeout", from: .seconds(1), to: .seconds(600), "1s to 10m")
            ageMax = limit("telehealth.maxConnectionAge", from: .seconds(10))
            ageGrace = duration(
                "telehealth.maxConnectionAgeGrace", from: .seconds(1), to: .seconds(86_400), "1s to 24h")
            idleMax = limit("telehealth.maxConnectionIdle", from: .seconds(10))
            streamsMax = reader.integer("telehealth.maxStreamsPerConnection")
            requestBytesMax = reader.integer("telehealth.maxRequestBytes")
        }

        func apply(to server: inout ServerConfiguration) {
            server.transport.permitKeepaliveTime = permittedPingInterval
            server.transport.keepalive.time = keepaliveTime
            server.transport.keepalive.timeout = keepaliveTimeout
            server.transport.ageMax = ageMax
            server.transport.ageGrace = ageGrace
            server.transport.idleMax = idleMax
            server.transport.streamsPerConnectionMax = streamsMax
            server.maxRequestBytes = requestBytesMax
        }
    }
}
