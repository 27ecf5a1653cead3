import Foundation
import FuzzTargets
import Testing

/// Every committed input of the fuzzers: seeds, and inputs that once broke something. A broken promise
/// traps, so the file at fault is the last one printed.
@Suite("Fuzz corpus") struct FuzzReplayTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures")

    @Test("every committed input is survived", arguments: FuzzTarget.all.map(\.name))
    func replays(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        var count = 0
        for folder in ["fuzz-corpus", "fuzz-found"] {
            let folder = Self.fixtures.appending(path: "\(folder)/\(name)")
            let files =
                (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
                ?? []
            for file in files {
                print(file.lastPathComponent)
                let input = [UInt8](try Data(contentsOf: file))
                input.withUnsafeBytes { target.run($0) }
                count += 1
            }
        }
        #expect(count > 0, "the corpus of \(name) is missing")
    }

    @Test("inputs cut short and with bytes changed are survived too", arguments: FuzzTarget.all.map(\.name))
    func mutations(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = Self.fixtures.appending(path: "fuzz-corpus/\(name)")
        var state: UInt64 = 1
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            let input = [UInt8](try Data(contentsOf: file))
            for end in 0..<input.count { input[..<end].withUnsafeBytes { target.run($0) } }
            for index in input.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                var changed = input
                changed[index] = UInt8(truncatingIfNeeded: state >> 56)
                changed.withUnsafeBytes { target.run($0) }
            }
        }
    }
}
