/// What generated code knows about one method of a service.
///
/// Stored in one reference: every call has a copy.
public struct MethodDescriptor: Sendable {
    private final class Storage: Sendable {
        let service: String
        let name: String
        let path: String
        let qualifiedName: String
        let isClientStreaming: Bool
        let isServerStreaming: Bool

        init(service: String, name: String, isClientStreaming: Bool, isServerStreaming: Bool) {
            self.service = service
            self.name = name
            qualifiedName = "\(service)/\(name)"
            path = "/" + qualifiedName
            self.isClientStreaming = isClientStreaming
            self.isServerStreaming = isServerStreaming
        }
    }

    private let storage: Storage

    public init(
        service: String, name: String, isClientStreaming: Bool = false, isServerStreaming: Bool = false
    ) {
        storage = Storage(
            service: service, name: name, isClientStreaming: isClientStreaming,
            isServerStreaming: isServerStreaming)
    }

    /// Fully qualified, `package.Service`.
    public var service: String { storage.service }
    /// The method's name as the schema spells it.
    public var name: String { storage.name }
    /// The `:path` of its calls: `/package.Service/Method`.
    public var path: String { storage.path }
    public var isClientStreaming: Bool { storage.isClientStreaming }
    public var isServerStreaming: Bool { storage.isServerStreaming }
}

extension MethodDescriptor: Hashable {
    public static func == (left: MethodDescriptor, right: MethodDescriptor) -> Bool {
        left.path == right.path && left.isClientStreaming == right.isClientStreaming
            && left.isServerStreaming == right.isServerStreaming
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

extension MethodDescriptor: CustomStringConvertible {
    /// `package.Service/Method`, as metrics and logs name it.
    public var description: String { storage.qualifiedName }
}
