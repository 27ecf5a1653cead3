// Runs fuzz targets. tools/fuzz builds it with libFuzzer and AddressSanitizer; built plainly it replays
// files:
//
//   fuzz-runner TARGET FILE-OR-FOLDER...        with libFuzzer also its flags
internal import FuzzTargets
internal import Glibc
internal import ProgramEdge

#if FUZZING
    /// libFuzzer's own entry (FuzzerInterface.h): runs `body` on inputs until a limit or a crash.
    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ count: UnsafeMutablePointer<Int32>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32
#endif

@main
enum FuzzRunner {
    static let target: FuzzTarget = {
        let name = CommandLine.arguments.dropFirst().first ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            print("usage: fuzz-runner \(FuzzTarget.all.map(\.name).joined(separator: "|")) ARGUMENT...")
            exit(2)
        }
        return target
    }()

    static func main() {
        Program.begin()
        _ = target
        #if FUZZING
            var arguments = CommandLine.unsafeArgv + 1
            var count = CommandLine.argc - 1
            let code = withUnsafeMutablePointer(to: &arguments) { arguments in
                runDriver(&count, arguments) { bytes, count in
                    FuzzRunner.target.run(UnsafeRawBufferPointer(start: bytes, count: count))
                    return 0
                }
            }
            exit(code)
        #else
            for path in CommandLine.arguments.dropFirst(2) {
                print(path)
                guard let file = fopen(path, "rb") else {
                    print("cannot read it")
                    exit(2)
                }
                var bytes = [UInt8](repeating: 0, count: 1 << 20)
                bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
                fclose(file)
                bytes.withUnsafeBytes { target.run($0) }
            }
        #endif
    }
}
