internal import RPCModel
internal import TextFormats

/// The small texts of gRPC's headers.
enum TextFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = [UInt8](input)
        if let timeout = GRPCTimeout.parse(bytes.span) {
            precondition(timeout >= .zero && timeout <= GRPCTimeout.longest)
            let written = [UInt8](GRPCTimeout.format(timeout).utf8)
            let again = GRPCTimeout.parse(written.span)
            precondition(again.map { $0 >= timeout } == true, "a timeout got shorter on its way")
        }
        let text = PercentEncoding.decode(bytes)
        let encoded = PercentEncoding.encode(text)
        precondition(encoded.allSatisfy { (0x20...0x7E).contains($0) })
        precondition(PercentEncoding.decode(encoded) == text, "a status message changes on its way")
        for form in [Base64.standard, .unpadded, .url, .eitherAlphabet] {
            if let decoded = form.decode(bytes) { precondition(form.decode(form.encode(decoded)) == decoded) }
            precondition(form.decode(form.encode(bytes)) == bytes, "bytes change on their way")
            precondition(form.decodeCanonical(form.text(bytes)) == bytes)
        }
        precondition(Hex.decode(Hex.encode(bytes)) == bytes)
        _ = RPCError.Code.parse(grpcStatus: bytes.span)
        _ = GRPCContentType.isGRPC(bytes.span)
        metadata(input)
    }

    /// A name and a value, divided by the first zero byte.
    private static func metadata(_ input: UnsafeRawBufferPointer) {
        guard let border = input.firstIndex(of: 0) else { return }
        var metadata = Metadata()
        metadata.append(
            wireName: UnsafeRawBufferPointer(rebasing: input[..<border]),
            wireValue: UnsafeRawBufferPointer(rebasing: input[(border + 1)...]))
        metadata.forEachWireField { _, _ in }
        _ = metadata["a"]
        _ = metadata.binary(named: "a-bin")
    }
}
