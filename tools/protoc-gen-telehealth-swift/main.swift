// The protoc plugin's process: a CodeGeneratorRequest on standard input, a CodeGeneratorResponse on standard
// output.

import Glibc
import ProtobufCodegen
import ProtobufReflection
import ProtobufWire

/// A request holds every imported file with its comments: far below this for any schema one would write.
let requestByteCountMax = 1 << 30

func readStandardInput() -> ByteBuffer? {
    var input = ByteBuffer()
    while true {
        var result = 0
        input.appendUninitialized(maximumCount: 1 << 16) { room in
            result = read(STDIN_FILENO, room.baseAddress, room.count)
            return max(result, 0)
        }
        if result < 0 && errno != EINTR { return nil }
        if result == 0 { return input }
        if input.count > requestByteCountMax { return nil }
    }
}

func writeStandardOutput(_ output: borrowing ByteBuffer) -> Bool {
    output.withUnsafeBytes { bytes in
        var offset = 0
        while offset < bytes.count {
            let written = write(STDOUT_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
            if written < 0 && errno != EINTR { return false }
            offset += max(written, 0)
        }
        return true
    }
}

func fail(_ reason: String) -> Never {
    let line = "protoc-gen-telehealth-swift: \(reason)\n"
    _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    exit(1)
}

guard let input = readStandardInput() else { fail("cannot read the request from standard input") }
let limits = DecodingLimits(maximumByteCount: requestByteCountMax, maximumMessageCount: .max)
do throws(WireError) {
    let request = try input.withUnsafeBytes { bytes throws(WireError) in
        try Google_Protobuf_Compiler_CodeGeneratorRequest(decoding: bytes, limits: limits)
    }
    var output = ByteBuffer()
    CodeGenerator.generate(request).encode(into: &output)
    guard writeStandardOutput(output) else { fail("cannot write the response to standard output") }
} catch {
    fail("standard input is not a CodeGeneratorRequest (\(error.label)); run this program through protoc")
}
