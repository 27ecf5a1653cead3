internal import RPCClient
internal import RPCModel
internal import TextFormats

/// Adds what the command line says to every call of a channel, those of reflection too.
struct AddedMetadata: ClientInterceptor {
    let metadata: Metadata

    func callWillStart(_ method: MethodDescriptor, options: inout CallOptions) {
        options.metadata.append(contentsOf: metadata)
    }
}

/// Says of every call how it ended and what it took.
struct CallTrace: ClientInterceptor {
    func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration) {
        let code = status?.code.description ?? "OK"
        Terminal.complain("call: \(method.description) \(code), \(duration.forPeople)")
    }
}
