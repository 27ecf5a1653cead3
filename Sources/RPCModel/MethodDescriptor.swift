/// What generated code knows about one method of a service.
public struct MethodDescriptor: Sendable, Hashable {
    /// Fully qualified, `package.Service`.
    public let service: String
    /// The method's own name as the schema writes it.
    public let name: String
    /// The `:path` of its calls: `/package.Service/Method`.
    public let path: String
    public let isClientStreaming: Bool
    public let isServerStreaming: Bool

    public init(service: String, name: String, isClientStreaming: Bool = false, isServerStreaming: Bool = false) {
        self.service = service
        self.name = name
        path = "/\(service)/\(name)"
        self.isClientStreaming = isClientStreaming
        self.isServerStreaming = isServerStreaming
    }
}

extension MethodDescriptor: CustomStringConvertible {
    /// `package.Service/Method`, as metrics and logs name it.
    public var description: String { String(path.dropFirst()) }
}
