internal import EventCore
internal import Pacing

/// One listening socket on one loop: accepts connections, and pauses when the process runs out of descriptors.
final class Listener: ReadinessTarget, TimerTarget {
    /// Maximum number of connections accepted per tick, so that a connection flood does not starve open ones.
    private static let acceptsPerTickMax = 64
    /// Pause after EMFILE and its kind; the waiting connections stay in the kernel's queue.
    private static let pause = ExponentialBackoff(
        base: .milliseconds(10), cap: .seconds(1), jitter: .around(share: 0))

    let address: SocketAddress
    private let loop: EventLoop
    private var socket: SocketDescriptor?
    private let file: SocketFile?
    private let accepted: (consuming SocketDescriptor, SocketAddress) -> Void
    private let paused: () -> Void
    private var registration = RegistrationID.none
    private var timer = TimerID.none
    /// Refused accepts in a row.
    private var failures = 0

    /// - Parameters:
    ///   - file: the socket's file, removed when it closes.
    ///   - paused: called each time accepting pauses for lack of descriptors or memory.
    init(
        socket: consuming SocketDescriptor, address: SocketAddress, file: SocketFile?, on loop: EventLoop,
        paused: @escaping () -> Void, accepted: @escaping (consuming SocketDescriptor, SocketAddress) -> Void
    ) throws(SystemCallError) {
        self.address = address
        self.loop = loop
        self.file = file
        let number = socket.number
        self.socket = consume socket
        self.accepted = accepted
        self.paused = paused
        registration = try loop.register(number, for: .readable, self)
    }

    func descriptorReady(_ readiness: Readiness, on loop: EventLoop) {
        for _ in 0..<Self.acceptsPerTickMax {
            guard socket != nil else { return }
            do throws(SystemCallError) {
                guard let connection = try socket!.accept() else { return }
                failures = 0
                let peer = connection.peer
                accepted(connection.takeSocket(), peer)
            } catch {
                loop.setInterest([], of: registration)
                failures += 1
                timer = loop.schedule(
                    at: loop.now + Self.pause.delay(afterFailures: failures, randomUnit: 0), self)
                return paused()
            }
        }
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        timer = .none
        loop.setInterest(.readable, of: registration)
    }

    func close() {
        loop.cancel(timer)
        loop.deregister(registration)
        registration = .none
        // First, while no other process can consider it abandoned and replace it.
        if socket != nil { file?.removeOwn() }
        socket = nil
    }
}
