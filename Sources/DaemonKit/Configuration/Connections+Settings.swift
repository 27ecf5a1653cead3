internal import RPCServer
internal import Transport

extension DaemonConfiguration {
    /// Limits of connections and requests that an operator may have reason to change.
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

        /// Refuses values that would disconnect clients without need.
        init(_ reader: inout SettingReader) {
            func limit(_ key: String) -> Duration? {
                let value = reader.duration(key)
                if value > .zero, value < .seconds(10) { reader.refuse(key, "must be 0s for never, or from 10s to 30d") }
                return value == .zero ? nil : value
            }
            permittedPingInterval = reader.duration("telehealth.permittedPingInterval")
            keepaliveTime = reader.duration("telehealth.keepaliveTime")
            keepaliveTimeout = reader.duration("telehealth.keepaliveTimeout")
            ageMax = limit("telehealth.maxConnectionAge")
            ageGrace = reader.duration("telehealth.maxConnectionAgeGrace")
            idleMax = limit("telehealth.maxConnectionIdle")
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
