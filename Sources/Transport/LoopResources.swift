internal import EventCore
internal import HTTP2Engine
internal import TLSEngine

/// Scratch memory that all connections of one loop take turns to use; an idle connection owns no buffer.
///
/// Back of the envelope, one tick of one connection with N unary calls: one recv into `input`, one pass of
/// nghttp2, N handler calls, frames into `flush`, one send. Each byte is copied once on the way in (by the
/// handler, when it keeps it) and twice on the way out (stream queue to frame, frame to `flush`).
final class LoopResources {
    /// One read or write of a connection. 64 KiB: a call of 100 bytes needs about 150 on the wire, so that
    /// hundreds share a system call, and four TLS records or DATA frames fit.
    static let bufferBytes = 64 << 10

    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 64)
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 64)
    let http2 = HTTP2Workspace()
    /// Only loops that see TLS pay for these.
    lazy var tls = TLSWorkspace()
    lazy var plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Self.bufferBytes + TLSSession.recordBytesMax, alignment: 64)
    private var hasPlaintext = false
    /// Of connections whose calls are refused: the tick that was read in last, and what is left of its share.
    private var sparing = (tick: UInt64(0), bytesLeft: 0)
    /// What all of them together are read of in a tick: some sixty calls, about a millisecond of work.
    private static let sparingBytesOfTick = 16 << 10
    /// What each of them is.
    private static let sparingBytes = 4 << 10

    private init() {}

    deinit {
        input.deallocate()
        output.deallocate()
        if hasPlaintext { plaintext.deallocate() }
    }

    /// How much may be read at once of a connection whose calls are refused, however many such connections there are:
    /// everybody else waits for them in every tick.
    ///
    /// - Returns: 0 when this tick's share is used up. The poll finds the connection again, behind those that it has
    ///   not read yet.
    func takeSparingRoom(in tick: UInt64) -> Int {
        if tick != sparing.tick { sparing = (tick, Self.sparingBytesOfTick) }
        let room = min(Self.sparingBytes, sparing.bytesLeft)
        sparing.bytesLeft -= room
        return room
    }

    func plaintextBuffer() -> UnsafeMutableRawBufferPointer {
        hasPlaintext = true
        return plaintext
    }

    /// The loop's own, made by the first connection on it.
    static func of(_ loop: EventLoop) -> LoopResources {
        if let existing = loop.attachment as? LoopResources { return existing }
        precondition(loop.attachment == nil, "the loop's attachment belongs to the transport")
        let made = LoopResources()
        loop.attachment = made
        return made
    }
}
