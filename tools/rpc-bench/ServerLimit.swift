import ArgumentParser
import HTTP2Engine
import RPCServer
import Transport

/// One limit of the server, chosen on the command line: times in seconds, everything else in whole units.
struct ServerLimit: ExpressibleByArgument {
    let set: @Sendable (inout ServerConfiguration) -> Void

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = Double(parts[1]), let set = Self.setters[String(parts[0])] else {
            return nil
        }
        self.set = { set(&$0, value) }
    }

    static var names: String { setters.keys.sorted().joined(separator: ", ") }

    private static let setters: [String: @Sendable (inout ServerConfiguration, Double) -> Void] = [
        "request-timeout": { $0.requestTimeout = .seconds($1) },
        "handshake-timeout": { $0.transport.handshakeTimeout = .seconds($1) },
        "hello-timeout": { $0.transport.helloTimeout = .seconds($1) },
        "header-timeout": { $0.transport.headerTimeout = .seconds($1) },
        "write-stall-timeout": { $0.transport.writeStallTimeout = .seconds($1) },
        "window-stall-timeout": { $0.transport.windowStallTimeout = .seconds($1) },
        "permit-keepalive-time": { $0.transport.permitKeepaliveTime = .seconds($1) },
        "idle-max": { $0.transport.idleMax = .seconds($1) },
        "connections-max": { $0.transport.connectionsMax = Int($1) },
        "connections-per-address-max": { $0.transport.connectionsPerAddressMax = Int($1) },
        "handshakes-max": { $0.transport.handshakesMax = Int($1) },
        "handshakes-per-address-max": { $0.transport.handshakesPerAddressMax = Int($1) },
        "held-request-bytes-per-connection-max": { $0.maxHeldRequestBytesPerConnection = Int($1) },
        "held-request-bytes-max": { $0.maxHeldRequestBytesPerLoop = Int($1) },
        "queued-bytes-in-all-max": { $0.transport.http2.queuedBytesInAllMax = Int($1) },
        "running-handlers-max": { $0.maxRunningHandlersPerLoop = Int($1) },
        "waiting-calls-max": { $0.maxWaitingCallsPerLoop = Int($1) },
        "waiting-calls-per-connection-max": { $0.maxWaitingCallsPerConnection = Int($1) },
    ]
}
