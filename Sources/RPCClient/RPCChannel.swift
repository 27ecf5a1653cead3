public import EventCore
public import RPCModel
internal import Synchronization

/// Why a channel could not be made.
public enum ChannelError: Error, Sendable, CustomStringConvertible {
    case invalidTarget(String)
    case system(SystemCallError)

    public var description: String {
        switch self {
        case .invalidTarget(let target): "invalid target \(target): must be dns:///host:port, host:port or unix:path"
        case .system(let error): "cannot start: \(error)"
        }
    }
}

/// A client's view of a server: calls go in; the channel opens, keeps and replaces connections.
///
/// Connects on the first call (or ``connect()``), with backoff between attempts. Runs on its own event loop.
public final class RPCChannel: CallChannel {
    private let core: ChannelCore
    private let loops: EventLoopGroup

    /// - Throws: ``ChannelError``.
    public init(target: String, configuration: ChannelConfiguration = ChannelConfiguration())
        throws(ChannelError)
    {
        guard let parsed = ChannelTarget(target) else { throw .invalidTarget(target) }
        do {
            loops = try EventLoopGroup(loopCount: 1, name: "rpc-client", clock: configuration.clock)
        } catch {
            throw .system(error)
        }
        core = ChannelCore(target: parsed, configuration: configuration, loop: loops.loops[0])
    }

    deinit {
        guard core.pendingCalls.close() else { return }
        // Ends by itself once the connections are closed; not awaited.
        Task.detached { [core, loops] in await Self.shutDown(core, loops) }
    }

    public func startCall(_ method: MethodDescriptor, options: CallOptions) -> CallStream {
        let call = ClientCall(core: core, method: method, options: options)
        if !core.pendingCalls.take(call, for: core) {
            call.stream.fail(RPCError(.unavailable, "the channel was shut down"))
            call.stream.detachDriver()
        }
        return call.stream
    }

    /// Starts connecting without a call.
    public func connect() {
        core.pendingCalls.whileOpen { core.loop.execute { [core] in core.connect() } }
    }

    /// The thread that carries the channel's calls. A task that prefers it makes and awaits calls without changing
    /// threads, which saves a third of the CPU of a small call: `Task(executorPreference: channel.executor) { … }`,
    /// or `withTaskExecutorPreference(channel.executor) { … }`. For code that neither blocks nor computes for long
    /// between two suspensions, because all calls of the channel wait meanwhile. After the channel was shut down,
    /// such tasks continue in the shared pool.
    public var executor: any TaskExecutor { core.loop }

    public var connectivity: ConnectivityState { core.connectivity.state }

    /// Waits until the channel's state differs from `known`, and returns it; returns the current state at once if it
    /// already differs, or when the task is cancelled. May miss states between two calls.
    public func connectivity(after known: ConnectivityState) async -> ConnectivityState {
        await core.connectivity.change(from: known)
    }

    /// How long each step of the latest connection took; `nil` before the first.
    public var lastConnectionTimes: ChannelTimes? { core.lastConnectionTimes }

    /// Ends every call with UNAVAILABLE, closes the connections and stops the loop; returns when done. Idempotent;
    /// later calls fail.
    public func shutdown() async {
        guard core.pendingCalls.close() else { return }
        await Self.shutDown(core, loops)
    }

    private static func shutDown(_ core: ChannelCore, _ loops: EventLoopGroup) async {
        await withCheckedContinuation { continuation in
            core.loop.execute {
                core.shutdown()
                continuation.resume()
            }
        }
        // Joins the thread: not on the caller's executor, which may be that loop.
        await Task.detached { loops.shutdown() }.value
    }
}
