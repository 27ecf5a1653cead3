// Nanoseconds to encode and decode a record of 35 fields and about 1 KB: medians of interleaved rounds.
//
//   codec-bench [--write FILE]     --write stores the record's bytes, to feed another implementation with

import Glibc
import ProtobufWire

func makeRecord() -> Bench_Record {
    func time(_ seconds: Int64) -> Google_Protobuf_Timestamp {
        .with {
            $0.seconds = 1_790_000_000 + seconds
            $0.nanos = 123_000_000
        }
    }
    return .with {
        $0.id = "5f1b6a52-0f3c-4f0e-9a55-0e2f8d1c7b31"
        $0.tenantID = "tenant-4711-europe-west"
        $0.ownerID = "0f8a6b1c-77aa-4c3e-8d21-bb02aa1dd4f9"
        $0.clientID = "client-000000000000000042"
        $0.title = "Follow-up visit, fifteen minutes"
        $0.description = "The person asked for a call in the afternoon, after work."
        $0.region = "eu-central-1, zone b, rack 12"
        $0.url = "https://visits.example.org/r/5f1b6a52-0f3c"
        $0.zone = "Europe/Berlin, summer time"
        $0.reason = "rescheduled by the clinic"
        $0.actor = "scheduler@clinic.example.org"
        $0.origin = "import from the calendar feed"
        $0.state = .open
        $0.previousState = .closed
        $0.priority = 3
        $0.attempts = 1
        $0.version = 123_456
        $0.sizeBytes = 98_765_432
        $0.flags = 0x1F
        $0.checksum = 0xDEAD_BEEF_CAFE_F00D
        $0.ratio = 0.75
        $0.score = 12.5
        $0.enabled = true
        $0.archived = true
        $0.createdAt = time(0)
        $0.updatedAt = time(100)
        $0.startsAt = time(3600)
        $0.endsAt = time(4500)
        $0.items = (1...3).map { index in
            .with {
                $0.id = "item-0000000000000000\(index)"
                $0.name = "A thing with the number \(index)"
                $0.count = Int64(index) * 1000
                $0.at = time(Int64(index))
                $0.done = index == 2
            }
        }
        $0.labels = [
            "department": "cardiology, second floor", "language": "German and English", "kind": "routine",
        ]
        $0.tags = ["remote", "video", "insured"]
        $0.samples = [1, 20, 300, 4000, 50_000]
        $0.token = [UInt8](repeating: 0xA7, count: 24)
        $0.note = "Has a dog that barks at the doorbell."
        $0.limit = 45
    }
}

func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
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

let record = makeRecord()
let bytes = record.encodedBytes()
guard let decoded = try? Bench_Record(decoding: bytes), decoded == record else {
    print("the record does not survive a round trip")
    exit(1)
}
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--write" {
    guard let file = fopen(CommandLine.arguments[2], "w") else { exit(1) }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

let rounds = 31
let runs = 20_000
var fresh: [Double] = []
var reused: [Double] = []
var decode: [Double] = []
var buffer = ByteBuffer(minimumCapacity: 4096)
for _ in 0..<rounds {
    fresh.append(measure(runs) { consume(record.encodedBytes()) })
    reused.append(
        measure(runs) {
            buffer.removeAll()
            record.encode(into: &buffer)
        })
    decode.append(
        measure(runs) {
            if let message = try? Bench_Record(decoding: bytes) { consume(message) }
        })
}
func median(_ values: [Double]) -> Int { Int(values.sorted()[values.count / 2].rounded()) }
print("record of \(bytes.count) bytes, \(rounds) rounds of \(runs), median ns")
print("encode into a new array      \(median(fresh))")
print("encode into a kept buffer    \(median(reused))")
print("decode                       \(median(decode))")
