public import RPCModel
internal import TextFormats

/// The payload of the last envelope of a Connect stream: the call's status and trailing metadata, as JSON.
/// - Spec: Connect protocol, "EndStreamResponse".
public struct ConnectEndOfStream: Sendable, Hashable {
    /// The bit of an envelope's flags that marks the end of a stream.
    public static let flag: UInt8 = 0x02

    /// `nil` is OK. Its trailers are those of the call.
    public var error: RPCError?
    public var trailers: Metadata

    /// - Parameter trailers: trailing metadata besides the error's own.
    public init(error: RPCError?, trailers: Metadata) {
        self.error = error
        self.trailers = error?.trailers ?? Metadata()
        self.trailers.append(contentsOf: trailers)
    }

    /// The JSON, in UTF-8.
    public var bytes: [UInt8] {
        var values: [String: [String]] = [:]
        trailers.forEachHeaderField { name, value in values[name, default: []].append(value) }
        let metadata = values.isEmpty ? nil : JSONText.object(values.mapValues(JSONText.strings))
        return JSONText.object(present: ["error": error?.connectJSON, "metadata": metadata]).bytes
    }

    /// Reads the JSON. An error that is absent or null means OK.
    ///
    /// - Throws: `INTERNAL` when the bytes are not such an object: the peer's fault.
    public init(parsing bytes: [UInt8]) throws(RPCError) {
        guard let json = try? JSONText(parsing: bytes, fractions: true), case .object = json else {
            throw Self.invalid
        }
        trailers = Metadata()
        switch json["metadata"] {
        case nil, .null: break
        case .object(let members):
            for (name, values) in members.sorted(by: { $0.key < $1.key }) {
                guard let values = values.arrayValue else { throw Self.invalid }
                let name = name.lowercased()
                for value in values {
                    guard let value = value.stringValue else { throw Self.invalid }
                    if !name.isEmpty, !ReservedNames.contains(name) {
                        trailers.append(wireName: name, wireValue: value)
                    }
                }
            }
        default: throw Self.invalid
        }
        switch json["error"] {
        case nil, .null: error = nil
        case .some(let json):
            guard let error = RPCError(connectJSON: json, otherwise: .unknown, trailers: trailers) else {
                throw Self.invalid
            }
            self.error = error
        }
    }

    private static let invalid = RPCError(
        .internal, "the end of the stream is not the JSON that Connect defines")
}
