internal import HTTP2Engine

/// A parser that reads a peer's bytes, with what must hold for every input; a broken promise traps.
public struct FuzzTarget: Sendable {
    public let name: String
    public let run: @Sendable (_ input: UnsafeRawBufferPointer) -> Void

    public static let all = [
        FuzzTarget(name: "wire") { WireFuzz.run($0) },
        FuzzTarget(name: "json") { JSONFuzz.run($0) },
        FuzzTarget(name: "text-format") { TextFormatFuzz.run($0) },
        FuzzTarget(name: "deframer") { DeframerFuzz.run($0) },
        FuzzTarget(name: "server-frames") { FramesFuzz.run($0, role: .server) },
        FuzzTarget(name: "client-frames") { FramesFuzz.run($0, role: .client) },
        FuzzTarget(name: "requests") { RequestFuzz.run($0) },
        FuzzTarget(name: "text") { TextFuzz.run($0) },
        FuzzTarget(name: "call-heads") { CallHeadFuzz.run($0) },
        FuzzTarget(name: "call-bodies") { CallBodyFuzz.run($0) },
    ]
}
