import ArgumentParser
import HTTP2Engine
import RPCServer
import TextFormats
import Transport

/// One limit of the server, chosen on the command line: times in seconds, everything else in whole units.
struct ServerLimit: ExpressibleByArgument {
    let set: @Sendable (inout ServerConfiguration) -> Void

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let name = String(parts[0])
        if let set = Self.times[name], let value = Duration(secondsText: String(parts[1])), value >= .zero {
            self.set = { set(&$0, value) }
        } else if let set = Self.counts[name], let value = Int(parts[1]), value >= 0 {
            self.set = { set(&$0, value) }
        } else {
            return nil
        }
    }

    static var names: String { (Array(times.keys) + counts.keys).sorted().joined(separator: ", ") }

    private static let times: [String: @Sendable (inout ServerConfiguration, Duration) -> Void] = [
        "request-timeout": { $0.requestTimeout = $1 },
        "handshake-timeout": { $0.transport.handshakeTimeout = $1 },
        "hello-timeout": { $0.transport.helloTimeout = $1 },
        "header-timeout": { $0.transport.headerTimeout = $1 },
        "write-stall-timeout": { $0.transport.writeStallTimeout = $1 },
        "window-stall-timeout": { $0.transport.windowStallTimeout = $1 },
        "permit-keepalive-time": { $0.transport.permitKeepaliveTime = $1 },
        "idle-max": { $0.transport.idleMax = $1 },
    ]

    private static let counts: [String: @Sendable (inout ServerConfiguration, Int) -> Void] = [
        "connections-max": { $0.transport.connectionsMax = $1 },
        "connections-per-address-max": { $0.transport.connectionsPerAddressMax = $1 },
        "handshakes-max": { $0.transport.handshakesMax = $1 },
        "handshakes-per-address-max": { $0.transport.handshakesPerAddressMax = $1 },
        "held-request-bytes-per-connection-max": { $0.maxHeldRequestBytesPerConnection = $1 },
        "held-request-bytes-max": { $0.maxHeldRequestBytesPerLoop = $1 },
        "queued-bytes-in-all-max": { $0.transport.http2.queuedBytesInAllMax = $1 },
        "running-handlers-max": { $0.maxRunningHandlersPerLoop = $1 },
        "waiting-calls-max": { $0.maxWaitingCallsPerLoop = $1 },
        "waiting-calls-per-connection-max": { $0.maxWaitingCallsPerConnection = $1 },
    ]
}
