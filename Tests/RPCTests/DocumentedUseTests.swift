import Foundation
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Testing

private struct Echo: RPCService {
    static let method = MethodDescriptor(service: "example.Echo", name: "Echo")

    var routes: [ServerRoute] {
        [
            .unary(Self.method) {
                (request: Google_Protobuf_StringValue, _) async throws(RPCError) -> Google_Protobuf_StringValue in
                request
            }
        ]
    }
}

private func explain(_ error: RPCError) -> String {
    switch error.code {
    case .unavailable: "Try again later: \(error.message)"
    case .deadlineExceeded: "No answer in time."
    default: "\(error.code): \(error.message)"
    }
}

/// The Swift code of the libraries' articles, compiled as it is shown there.
@Suite("Documented use of the libraries") struct DocumentedUseTests {
    private func call() async throws {
        let channel = try RPCChannel(target: "127.0.0.1:50051")
        let method = MethodDescriptor(service: "example.Echo", name: "Echo")
        let request = Google_Protobuf_StringValue.with { $0.value = "hello" }
        let answer: Google_Protobuf_StringValue = try await channel.unary(
            method, request, options: CallOptions(timeout: .seconds(5)))
        print(answer.value)
        await channel.shutdown()
    }

    @Test(.timeLimit(.minutes(1))) func `the service of the article starts, answers and stops`() async throws {
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.tcp(host: "127.0.0.1", port: 0)]), services: [Echo()])
        let addresses = try await server.start()
        print("serving on \(addresses[0])")
        let channel = try RPCChannel(target: "\(addresses[0])")
        let answer: Google_Protobuf_StringValue = try await channel.unary(
            Echo.method, Google_Protobuf_StringValue.with { $0.value = "hello" }, options: CallOptions())
        #expect(answer.value == "hello")
        await channel.shutdown()
        await server.shutdown(grace: .seconds(10))
    }

    @Test func `the message of the article is read as it was written`() throws {
        let sent = Google_Protobuf_Duration.with { $0.seconds = 90 }
        let bytes = sent.encodedBytes()
        let received = try Google_Protobuf_Duration(decoding: bytes)
        print(received == sent)
        #expect(received == sent)
    }

    @Test func `the error of the article is explained by its code`() {
        #expect(explain(RPCError(.deadlineExceeded, "")) == "No answer in time.")
    }

    @Test(arguments: [
        ("ProtobufWire/ProtobufWire.docc/UsingMessages.md", 1), ("RPCModel/RPCModel.docc/ErrorsAndDeadlines.md", 1),
        ("RPCServer/RPCServer.docc/ServingCalls.md", 3), ("RPCClient/RPCClient.docc/MakingCalls.md", 1),
    ])
    func `each block of Swift that an article shows is compiled here`(page: String, count: Int) throws {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let own = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        let blocks = try String(contentsOf: root.appending(path: "Sources/\(page)"), encoding: .utf8)
            .components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count == count)
        for block in blocks {
            #expect(Self.code(own).contains(Self.code(block)), "\(page) shows:\n\(block)")
            #expect(Self.imports(block).isSubset(of: Self.imports(own)))
        }
    }

    private static func imports(_ text: String) -> Set<Substring> {
        Set(text.split(separator: "\n").filter { $0.hasPrefix("import ") })
    }

    /// Without imports, indentation, access and empty lines.
    private static func code(_ text: String) -> String {
        text.split(separator: "\n").filter { !$0.hasPrefix("import ") }.map { line in
            let line = line.trimmingCharacters(in: .whitespaces)
            return line.hasPrefix("private ") ? String(line.dropFirst("private ".count)) : line
        }.joined(separator: "\n")
    }
}
