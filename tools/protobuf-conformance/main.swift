// The testee of Google's protobuf conformance suite: requests with a 4-byte little-endian length on standard
// input, responses likewise on standard output, until the input ends.
//
// The runner passes no arguments on, so the environment says what to do:
//
//   CONFORMANCE_DESCRIPTORS   a descriptor set (with imports) of conformance.proto and the suite's test
//   messages
//   CONFORMANCE_CODEC         `dynamic` for DynamicMessage, `generated` for generated structs where binary is
//                             asked for and given

import Glibc
import ProtobufReflection
import ProtobufWire

/// The suite's largest request is a few hundred kilobytes.
let requestByteCountMax = 64 << 20

func fail(_ reason: String) -> Never {
    let line = "protobuf-conformance: \(reason)\n"
    _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    exit(1)
}

/// Reads until `count` bytes are there or the input ends.
func readBytes(_ descriptor: Int32, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
        let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + filled, count - filled) }
        if got <= 0 { break }
        filled += got
    }
    return Array(bytes.prefix(filled))
}

func writeAll(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
        let wrote = bytes.withUnsafeBytes {
            write(STDOUT_FILENO, $0.baseAddress! + offset, bytes.count - offset)
        }
        guard wrote > 0 else { fail("the runner closed the pipe") }
        offset += wrote
    }
}

func loadPool(_ path: String) -> DescriptorPool {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { fail("cannot open \(path)") }
    defer { close(file) }
    var bytes: [UInt8] = []
    while case let chunk = readBytes(file, 1 << 20), !chunk.isEmpty { bytes += chunk }
    do {
        return try DescriptorPool(files: Google_Protobuf_FileDescriptorSet(decoding: bytes).file)
    } catch {
        fail("\(path): \(error)")
    }
}

guard let set = getenv("CONFORMANCE_DESCRIPTORS"), let codec = getenv("CONFORMANCE_CODEC") else {
    fail("CONFORMANCE_DESCRIPTORS and CONFORMANCE_CODEC must be set; tools/conformance does")
}
let testee = Testee(
    pool: loadPool(String(cString: set)), usesGenerated: String(cString: codec) == "generated")

while true {
    let prefix = readBytes(STDIN_FILENO, 4)
    guard prefix.count == 4 else { break }
    let length = prefix.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard length <= requestByteCountMax else { fail("a request of \(length) bytes exceeds the limit") }
    let response = testee.answer(readBytes(STDIN_FILENO, length))
    writeAll((0..<4).map { UInt8(truncatingIfNeeded: response.count >> (8 * $0)) } + response)
}
