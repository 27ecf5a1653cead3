// Prints codec-bench's line: message, bytes, ns to encode into a new array, the same again (it cannot encode into a
// kept buffer), ns to decode into a fresh message.
//
//   swift-protobuf-codec FOLDER     where codec-bench wrote the bytes

import Glibc
import SwiftProtobuf

/// CPU time of this thread: what else the machine does is not counted.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func measure(_ count: Int, _ body: () -> Void) -> Double {
    let start = nanoseconds()
    for _ in 0..<count { body() }
    return Double(nanoseconds() - start) / Double(count)
}

@inline(never)
func consume<T>(_ value: borrowing T) {}

let rounds = 31
let runs = 5_000

func median(_ values: [Double]) -> Int { Int(values.sorted()[values.count / 2].rounded()) }

func contents(of path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return bytes
}

func report<M: Message>(_ name: String, _ type: M.Type, folder: String) {
    guard let bytes = contents(of: "\(folder)/\(name).bin"), let message = try? M(serializedBytes: bytes),
        let again: [UInt8] = try? message.serializedBytes(), again.count == bytes.count
    else {
        print("\(name) changes in a round trip")
        exit(1)
    }
    var (encode, decode): ([Double], [Double]) = ([], [])
    for _ in 0..<rounds {
        encode.append(
            measure(runs) {
                if let bytes: [UInt8] = try? message.serializedBytes() { consume(bytes) }
            })
        decode.append(
            measure(runs) {
                if let message = try? M(serializedBytes: bytes) { consume(message) }
            })
    }
    print("\(name) \(bytes.count) \(median(encode)) \(median(encode)) \(median(decode))")
}

guard CommandLine.arguments.count == 2 else { exit(2) }
report("Record", Bench_Record.self, folder: CommandLine.arguments[1])
report("Session", Telehealth_V1_Session.self, folder: CommandLine.arguments[1])
