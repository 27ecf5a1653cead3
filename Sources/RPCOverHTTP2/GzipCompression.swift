internal import CZlib
internal import ProtobufWire
public import RPCModel

extension MessageCompression {
    /// `gzip` with zlib, one stream per message.
    ///
    /// Decompression stops at the limit, before storing the byte that would exceed it: a decompression bomb costs at
    /// most `limit` bytes.
    /// - Spec: RFC 1952; gRPC doc/compression.md.
    public static let gzip = MessageCompression(
        name: "gzip", compress: { bytes, output in compress(bytes, into: &output) },
        decompress: { (bytes, output, limit) throws(Failure) in try decompress(bytes, into: &output, limit: limit)
        })

    /// 15 window bits, and 16 more for the gzip wrapper (zlib.h, `deflateInit2`).
    private static let gzipWindowBits: Int32 = 15 + 16
    /// Memory level 8 is zlib's default.
    private static let memoryLevel: Int32 = 8
    /// Level 1: compression runs on the event loop, and higher levels cost a multiple for a few percent.
    private static let compressionLevel: Int32 = 1
    private static let chunkByteCount = 16 * 1024

    private static func compress(_ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
        var stream = z_stream()
        let started = telehealth_deflate_init2(&stream, compressionLevel, gzipWindowBits, memoryLevel)
        // Constant arguments: only an allocation can fail, and a failed Swift allocation would also end the process.
        precondition(started == Z_OK, "zlib cannot start compressing: \(started)")
        defer { deflateEnd(&stream) }
        // zlib does not write through `next_in`; its type merely lacks the const.
        stream.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        output.appendUninitialized(maximumCount: bound) { room in
            stream.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(room.count)
            let ended = deflate(&stream, Z_FINISH)
            precondition(ended == Z_STREAM_END, "deflateBound returned too small a size: \(ended)")
            return room.count - Int(stream.avail_out)
        }
    }

    private static func decompress(
        _ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer, limit: Int
    ) throws(Failure) {
        var stream = z_stream()
        let started = telehealth_inflate_init2(&stream, gzipWindowBits)
        precondition(started == Z_OK, "zlib cannot start decompressing: \(started)")
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        var result = Z_OK
        while result == Z_OK {
            // One byte more than the limit, to detect larger output.
            let room = min(chunkByteCount, limit - output.count + 1)
            output.appendUninitialized(maximumCount: room) { buffer in
                stream.next_out = buffer.assumingMemoryBound(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(buffer.count)
                result = inflate(&stream, Z_NO_FLUSH)
                return buffer.count - Int(stream.avail_out)
            }
            guard output.count <= limit else { throw .tooLarge(limit: limit) }
        }
        guard result == Z_STREAM_END, stream.avail_in == 0 else { throw .corrupt }
    }
}
