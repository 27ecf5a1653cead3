// Says which rules of their schema messages break, so that another implementation of the same rules can be the judge.
//
//   rule-verdicts     reads messages on standard input until it ends, writes a verdict on each to standard output
//
// A message comes as its type's full name and its bytes, each after its length in four bytes, little endian. A verdict
// is the number of violations in four bytes, then of each its field's path and its rule's id, each after its length;
// 2^32 - 1 violations for bytes that are not a message of that type.

import Glibc
import ProgramEdge
import ProtobufWire

Program.begin()

func fail(_ reason: String) -> Never {
    let line = "rule-verdicts: \(reason)\n"
    _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    exit(1)
}

func writeOutput(_ output: [UInt8]) {
    output.withUnsafeBytes { bytes in
        var offset = 0
        while offset < bytes.count {
            let written = write(STDOUT_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
            if written < 0 && errno != EINTR { fail("cannot write to standard output") }
            offset += max(written, 0)
        }
    }
}

/// The parts of the input, each after its length.
struct Parts {
    private var rest: ArraySlice<UInt8>

    init(of input: [UInt8]) { rest = input[...] }

    /// The next part; nil at the end of the input.
    mutating func next() -> ArraySlice<UInt8>? {
        if rest.isEmpty { return nil }
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= 4 + count else { fail("the input is truncated") }
        defer { rest = rest.dropFirst(4 + count) }
        return rest.dropFirst(4).prefix(count)
    }
}

func append(_ number: UInt32, to output: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { output.append(contentsOf: $0) }
}

func append(_ text: String, to output: inout [UInt8]) {
    append(UInt32(text.utf8.count), to: &output)
    output.append(contentsOf: text.utf8)
}

func verdict(on bytes: [UInt8], as type: any Message.Type) -> [UInt8] {
    var output: [UInt8] = []
    guard let message = try? type.init(decoding: bytes) else {
        append(UInt32.max, to: &output)
        return output
    }
    var violations = RuleViolations()
    message.checkRules(&violations)
    append(UInt32(violations.all.count), to: &output)
    for violation in violations.all {
        append(violation.field, to: &output)
        append(violation.rule, to: &output)
    }
    return output
}

guard let input = StandardInput.readToEnd() else { fail("cannot read standard input") }
var parts = Parts(of: input)
while let part = parts.next() {
    let name = String(decoding: part, as: UTF8.self)
    guard let type = JudgedTypes.byName[name] else { fail("\(name) is not a type of JudgedTypes.swift") }
    guard let message = parts.next() else { fail("a type without a message") }
    writeOutput(verdict(on: Array(message), as: type))
}
