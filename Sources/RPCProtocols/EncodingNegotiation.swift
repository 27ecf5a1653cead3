public import RPCModel

extension CallOptions.Compression {
    /// The name in `grpc-encoding`, `content-encoding` and `connect-content-encoding`.
    public var encodingName: String {
        switch self {
        case .none: "identity"
        case .gzip: "gzip"
        }
    }

    /// Reads the name of an encoding, in any case.
    ///
    /// - Returns: `nil` for an encoding that is not supported here.
    public init?(encodingName name: String) {
        switch name.lowercased() {
        case "identity", "": self = .none
        case "gzip": self = .gzip
        default: return nil
        }
    }
}

/// Which encoding a response may have.
/// - Spec: RFC 9110 section 12.5.3; Connect protocol, "Unary-Request" and "Streaming-Request".
public enum EncodingNegotiation {
    /// - Parameters:
    ///   - request: the encoding of the request.
    ///   - accepted: a list like `gzip;q=0.5, identity`; `nil` when the client sent none, which means that it
    ///     accepts the request's encoding.
    /// - Returns: gzip when the client accepts it at least as gladly as no encoding.
    public static func response(
        toRequest request: CallOptions.Compression, accepted: String?
    ) -> CallOptions.Compression {
        guard let accepted else { return request }
        var (gzip, identity, any): (Int?, Int?, Int?)
        for entry in accepted.split(separator: ",") {
            let parts = entry.split(separator: ";").map { part in
                part.filter { $0 != " " && $0 != "\t" }.lowercased()
            }
            guard let name = parts.first else { continue }
            let weight = parts.dropFirst().lazy.compactMap(Self.weight(of:)).first ?? 1000
            switch name {
            case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
            case "identity": identity = max(identity ?? 0, weight)
            case "*": any = max(any ?? 0, weight)
            default: break
            }
        }
        guard let gzip = gzip ?? any, gzip > 0 else { return .none }
        return gzip >= identity ?? 0 ? .gzip : .none
    }

    /// A weight like `q=0.5` in thousandths; one that is malformed counts as 0. `nil` for another parameter.
    private static func weight(of parameter: String) -> Int? {
        guard parameter.hasPrefix("q=") else { return nil }
        let digits = parameter.dropFirst(2).utf8
        guard let first = digits.first, first == 0x30 || first == 0x31 else { return 0 }
        var weight = first == 0x31 ? 1000 : 0
        guard digits.count > 1 else { return weight }
        guard digits.count <= 5, digits.dropFirst().first == 0x2E else { return 0 }
        for (digit, unit) in zip(digits.dropFirst(2), [100, 10, 1]) {
            guard (0x30...0x39).contains(digit) else { return 0 }
            weight += Int(digit - 0x30) * unit
        }
        return min(weight, 1000)
    }
}
