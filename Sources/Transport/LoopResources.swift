internal import EventCore
internal import HTTP2Engine
internal import TLSEngine

/// Scratch memory that all connections of one loop use in turn; an idle connection owns no buffer.
///
/// Estimate for one tick of one connection with N unary calls: one recv into `input`, one pass of nghttp2, N handler
/// calls, frames into `output`, one send. Each byte is copied once on the way in (by the handler, if it keeps it) and
/// once on the way out (from the stream's queue into `output`).
final class LoopResources {
    /// One read or write of a connection. 64 KiB: a call of 100 bytes needs about 150 on the wire, so that
    /// hundreds share a system call, and four TLS records or DATA frames fit.
    static let bufferBytes = 64 << 10

    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 64)
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 64)
    let http2 = HTTP2Workspace()
    /// Only loops with TLS pay for these.
    lazy var tls = TLSWorkspace()
    lazy var plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Self.bufferBytes + TLSSession.recordBytesMax, alignment: 64)
    private var hasPlaintext = false
    let sparingReads = SparingReads()

    private init() {}

    deinit {
        input.deallocate()
        output.deallocate()
        if hasPlaintext { plaintext.deallocate() }
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
