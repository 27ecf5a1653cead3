internal import RPCClient
internal import RPCModel
internal import TextFormats

/// Adds metadata from the command line to every call of a channel, including those of reflection.
struct AddedMetadata: ClientInterceptor {
    let metadata: Metadata

    func callWillStart(_ method: MethodDescriptor, options: inout CallOptions) {
        options.metadata.append(contentsOf: metadata)
    }
}

/// Prints how every call ended and how long it took.
struct CallTrace: ClientInterceptor {
    func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration) {
        let code = status?.code.description ?? "OK"
        Terminal.complain("call: \(method.description) \(code), \(duration.forPeople)")
    }
}
