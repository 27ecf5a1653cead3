// Nanoseconds to encode and decode a record of 35 fields and about 1 KB, and a full telehealth.v1.Session: medians of
// interleaved rounds.
//
//   codec-bench [--write FOLDER]     --write saves the bytes of both, to feed another implementation with

import Glibc
import ProgramEdge
import ProtobufWire

/// CPU time of this thread: what else the machine does is not counted.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Nanoseconds of one of `count` runs of `body`.
func measure(_ count: Int, _ body: () -> Void) -> Double {
    let start = nanoseconds()
    for _ in 0..<count { body() }
    return Double(nanoseconds() - start) / Double(count)
}

@inline(never)
func consume<T>(_ value: borrowing T) {}

let rounds = 31
let runs = 20_000

func median(_ values: [Double]) -> Int { Int(values.sorted()[values.count / 2].rounded()) }

/// Prints one line of medians; with a folder, keeps the message's bytes there for another implementation.
func report<M: Message>(_ name: String, _ message: M, folder: String?) {
    let bytes = message.encodedBytes()
    guard let decoded = try? M(decoding: bytes), decoded.encodedBytes() == bytes else {
        print("\(name) changes in a round trip")
        exit(1)
    }
    if let folder {
        guard let file = fopen("\(folder)/\(name).bin", "w") else { exit(1) }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
    var (fresh, kept, decode): ([Double], [Double], [Double]) = ([], [], [])
    var buffer = ByteBuffer(minimumCapacity: 8192)
    for _ in 0..<rounds {
        fresh.append(measure(runs) { consume(message.encodedBytes()) })
        kept.append(
            measure(runs) {
                buffer.removeAll()
                message.encode(into: &buffer)
            })
        decode.append(
            measure(runs) {
                if let message = try? M(decoding: bytes) { consume(message) }
            })
    }
    print("\(name) \(bytes.count) \(median(fresh)) \(median(kept)) \(median(decode))")
}

Program.begin()
var folder: String?
let words = CommandLine.arguments.dropFirst()
let usage = """
    Prints nanoseconds to encode and decode a Record of about 1 KB and a full Session.

    usage: codec-bench [--write FOLDER]    --write saves the bytes of both

    """
if let word = words.first {
    if word == "--help" || word == "-h" {
        print(usage, terminator: "")
        exit(0)
    }
    guard word == "--write", words.count == 2 else {
        let complaint = Array("codec-bench: unknown argument \(word)\n\n\(usage)".utf8)
        write(2, complaint, complaint.count)
        exit(2)
    }
    folder = words.last
}
print("# message, bytes, ns to encode into a new array, into a kept buffer, to decode")
report("Record", makeRecord(), folder: folder)
report("Session", makeSession(), folder: folder)
