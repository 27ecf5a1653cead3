internal import GRPCStandardAPI
internal import ProtobufReflection
internal import ProtobufWire
internal import RPCModel
internal import RPCProtocols
internal import Synchronization

/// The JSON of every method that a server offers, by the descriptors in the generated code.
///
/// They are read at the first call in JSON: most servers never receive one.
final class JSONMethods: Sendable {
    private enum Read: Sendable {
        case pending
        /// `nil` when the descriptors contradict each other: the program's fault, and JSON is not served.
        case done(DescriptorPool?)
    }

    private let files: [FileDescriptorBytes]
    private let state = Mutex(Read.pending)

    init(describing services: [any RPCService]) {
        // Every status may contain the details.
        files = services.flatMap(\.fileDescriptors) + [Google_Rpc_ErrorDetails_File.descriptor]
    }

    /// - Returns: `nil` for a method whose service has no descriptor.
    func transcoder(of method: MethodDescriptor) -> JSONTranscoder? {
        pool.flatMap { JSONTranscoder(method, in: $0) }
    }

    private var pool: DescriptorPool? {
        state.withLock { state in
            if case .done(let pool) = state { return pool }
            let pool = try? DescriptorPool(files)
            state = .done(pool)
            return pool
        }
    }
}
