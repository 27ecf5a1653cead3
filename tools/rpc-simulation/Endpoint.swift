import HTTP2Engine
import RPCModel

/// One end of the connection: the session, its streams, and the work of its event loop.
final class Endpoint: HTTP2SessionOwner {
    unowned let world: World
    private(set) var session: HTTP2Session!
    /// The first SETTINGS are waiting from the beginning.
    private(set) var hasOutput = true
    private(set) var hasPeerSettings = false
    private(set) var isClosed = false
    /// Jobs of the loop, first in first out, as the real one runs them.
    private var work: [() -> Void] = []
    private var nextWork = 0
    private var hasNoticed = false

    init(_ role: HTTP2Session.Role, limits: HTTP2Limits, world: World) throws(HTTP2Failure) {
        self.world = world
        session = try HTTP2Session(role: role, limits: limits, workspace: HTTP2Workspace(), owner: self)
    }

    // MARK: - The loop

    var hasWork: Bool { nextWork < work.count }

    func execute(_ job: @escaping () -> Void) { work.append(job) }

    func runOneJob() {
        let job = work[nextWork]
        nextWork += 1
        if nextWork == work.count {
            work.removeAll(keepingCapacity: true)
            nextWork = 0
        }
        job()
    }

    // MARK: - Bytes

    func receive(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        do throws(HTTP2Failure) {
            try bytes.span.bytes.withUnsafeBytes { raw throws(HTTP2Failure) in
                try session.receive(raw, now: world.now)
            }
        } catch {
            world.expect(world.isCorrupted, "\(error) without damage to any byte")
            world.cut()
        }
        if session.violationLabel != nil {
            world.expect(world.isCorrupted, "an honest peer exceeded \(session.violationLabel ?? "")")
        }
    }

    /// - Returns: what is to be sent; a view into `buffer`.
    func flush(_ buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        hasOutput = false
        guard !isClosed else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        do throws(HTTP2Failure) {
            let count = try session.nextOutput(into: buffer)
            if count > 0 { hasOutput = true }
            if session.takeReturnedRoom() { execute { self.world.startWaitingCalls() } }
            return isClosed
                ? UnsafeRawBufferPointer(start: nil, count: 0)
                : UnsafeRawBufferPointer(rebasing: buffer[..<count])
        } catch {
            world.fail("nothing can be sent: \(error)")
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    /// The connection is gone.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        session.abandon()
    }

    // MARK: - Draining, as the transport does it

    private static let drainPayload: UInt64 = 2

    func drain() {
        guard !isClosed, !session.isDraining else { return }
        hasNoticed = true
        session.beginDrain(pingPayload: Self.drainPayload)
    }

    // MARK: - HTTP2SessionOwner

    func sessionHasOutput() { hasOutput = true }
    func sessionMakesStream() -> HTTP2Stream { ServerCall(world: world, loop: self) }
    func sessionReceivedSettings() {
        hasPeerSettings = true
        world.startWaitingCalls()
    }
    func sessionReceivedPing() {}
    func sessionReceivedPingAcknowledgement(payload: UInt64) {
        if payload == Self.drainPayload, hasNoticed { session.finishDrain(debug: "max_age") }
    }
    func sessionReceivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debugData: [UInt8]) {
        execute { self.world.startWaitingCalls() }
    }
    func sessionClosedStream() { execute { self.world.startWaitingCalls() } }
}
