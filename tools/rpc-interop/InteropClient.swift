import ArgumentParser
import ProtobufWire
import RPCClient
import RPCModel

struct InteropClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Calls interop.Test and prints one line per case; fails if a case does.")

    @Option(help: "Where the server is.")
    var target: String

    struct Mismatch: Error, CustomStringConvertible { let description: String }

    func run() async throws {
        let channel = try RPCChannel(target: target)
        let cases: [(name: String, run: (RPCChannel) async throws -> Void)] = [
            ("empty", { try await echo($0, "") }),
            ("large", { try await echo($0, String(repeating: "x", count: 1 << 20)) }),
            (
                "gzip",
                { try await echo($0, String(repeating: "x", count: 9999), CallOptions(compression: .gzip)) }
            ),
            ("status", status), ("metadata", metadata), ("unimplemented", unimplemented),
            ("server stream", serverStream),
            ("client stream", clientStream), ("ping pong", pingPong), ("deadline", deadline),
            ("cancel", cancel),
        ]
        var failed = 0
        for (name, run) in cases {
            do {
                try await run(channel)
                FlushedOutput.line("ok \(name)")
            } catch {
                failed += 1
                FlushedOutput.line("FAILED \(name): \(error)")
            }
        }
        await channel.shutdown()
        if failed > 0 { throw ExitCode.failure }
    }

    private func check(_ isRight: Bool, _ what: @autoclosure () -> String) throws {
        if !isRight { throw Mismatch(description: what()) }
    }

    private func failure(of call: () async throws -> Void) async throws -> RPCError {
        do {
            try await call()
        } catch let error as RPCError {
            return error
        }
        throw Mismatch(description: "the call succeeded")
    }

    private func echo(_ channel: RPCChannel, _ text: String, _ options: CallOptions = CallOptions())
        async throws
    {
        let response: Text = try await channel.unary(InteropMethod.echo, Text(text), options: options)
        try check(response.value == text, "\(response.value.count) characters came back")
    }

    private func status(_ channel: RPCChannel) async throws {
        for code in RPCError.Code.allCases {
            let error = try await failure {
                let _: Text = try await channel.unary(
                    InteropMethod.fail, Number(Int64(code.rawValue)), options: CallOptions())
            }
            try check(error.code == code && error.isFromPeer, "\(error) for \(code)")
            try check(error.message == "\t\nwhitespace\r\nand ☺ and 😈\t\n", error.message)
            try check(error.trailers["x-trailing"] == "t", "the trailers are lost")
        }
    }

    private func metadata(_ channel: RPCChannel) async throws {
        var metadata: Metadata = ["x-echo": "m"]
        metadata.append("x-echo-bin", binary: [0, 255, 171])
        let call = channel.startCall(InteropMethod.metadata, options: CallOptions(metadata: metadata))
        _ = try call.write(Text("x"))
        call.finishWriting()
        let initial = try await call.waitForInitialMetadata()
        let _: Text = try await call.onlyMessage()
        try check(initial["x-echo"] == "m", "\(initial)")
        try check(
            call.receivedTrailingMetadata.binary(named: "x-echo-bin") == [0, 255, 171], "no trailing bytes")
    }

    private func unimplemented(_ channel: RPCChannel) async throws {
        let error = try await failure {
            let _: Text = try await channel.unary(
                MethodDescriptor(service: "interop.Test", name: "None"), Text(), options: CallOptions())
        }
        try check(error.code == .unimplemented, "\(error)")
    }

    private func serverStream(_ channel: RPCChannel) async throws {
        let responses: ResponseStream<Number> = channel.serverStreaming(
            InteropMethod.count, Number(1000), options: CallOptions())
        var next: Int64 = 0
        for try await response in responses {
            try check(response.value == next, "\(response.value) instead of \(next)")
            next += 1
        }
        try check(next == 1000, "\(next) messages")
    }

    private func clientStream(_ channel: RPCChannel) async throws {
        let call: ClientStreamingCall<Number, Number> = channel.clientStreaming(
            InteropMethod.sum, options: CallOptions())
        for index in 1...1000 { try await call.write(Number(Int64(index))) }
        let sum = try await call.finish().value
        try check(sum == 500_500, "\(sum)")
    }

    private func pingPong(_ channel: RPCChannel) async throws {
        let call: BidirectionalCall<Text, Text> = channel.bidirectional(
            InteropMethod.chat, options: CallOptions())
        var responses = call.responses.makeAsyncIterator()
        for index in 0..<10 {
            try await call.write(Text("\(index)"))
            let answer = try await responses.next()?.value
            try check(answer == "re: \(index)", answer ?? "the end")
        }
        call.finishWriting()
        let end = try await responses.next()
        try check(end == nil, "more than was asked for")
    }

    private func deadline(_ channel: RPCChannel) async throws {
        let error = try await failure {
            let _: Text = try await channel.unary(
                InteropMethod.hang, Text(), options: CallOptions(timeout: .milliseconds(50)))
        }
        try check(error.code == .deadlineExceeded, "\(error)")
    }

    private func cancel(_ channel: RPCChannel) async throws {
        let call: BidirectionalCall<Text, Text> = channel.bidirectional(
            InteropMethod.chat, options: CallOptions())
        var responses = call.responses.makeAsyncIterator()
        try await call.write(Text("a"))
        _ = try await responses.next()
        call.cancel()
        let error = try await failure { while try await responses.next() != nil {} }
        try check(error.code == .cancelled, "\(error)")
    }
}
