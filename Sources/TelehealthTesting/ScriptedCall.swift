public import ProtobufWire
public import RPCModel

/// The script of one method that answers with one message.
public struct ScriptedCall<Request: Message, Response: Message>: Sendable {
    private let service: ScriptedService
    private let method: MethodDescriptor

    init(_ service: ScriptedService, _ method: MethodDescriptor) {
        self.service = service
        self.method = method
    }

    /// The requests of the calls up to now, in the order of their coming, those that were refused included; without
    /// those whose bytes are not of this type.
    public var requests: [Request] { service.requests(of: method) }

    /// The next call for which nothing is queued yet is answered with this.
    public func answerNext(_ response: Response) {
        service.queue(Self.script { _ in response }, for: method)
    }

    /// The next call for which nothing is queued yet fails with this.
    public func failNext(_ error: RPCError) {
        service.queue(Self.script { _ throws(RPCError) in throw error }, for: method)
    }

    /// Every call for which nothing is queued is answered so.
    public func answer(_ answer: @escaping @Sendable (Request) throws(RPCError) -> Response) {
        service.keep(Self.script(answer), for: method)
    }

    private static func script(
        _ answer: @escaping @Sendable (Request) throws(RPCError) -> Response
    ) -> ScriptedService.Script {
        { (bytes, stream) async throws(RPCError) in
            let request = try Request(checking: bytes)
            _ = try stream.write(try answer(request))
        }
    }
}

extension ScriptedService {
    func requests<Request: Message>(of method: MethodDescriptor) -> [Request] {
        calls.filter { $0.method == method }.compactMap { try? $0.request() }
    }
}

extension Message {
    /// A request as the service takes it.
    ///
    /// - Throws: INTERNAL for bytes of another type; INVALID_FIELD for what breaks the API's rules.
    init(checking bytes: [UInt8]) throws(RPCError) {
        do { self = try Self(decoding: bytes) } catch {
            throw RPCError(.internal, "the request cannot be read as \(Self.fullName)")
        }
        var violations = RuleViolations(limit: ServerRoute.violationsMax)
        checkRules(&violations)
        if !violations.isEmpty { throw .invalidFields(violations.all.map { ($0.field, $0.description) }) }
    }
}
