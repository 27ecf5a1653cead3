internal import ProtobufWire
internal import TextFormats

extension TextFormatPrinter {
    /// Writes fields without a descriptor, by number. Length-delimited bytes that could be a message are shown as
    /// one, as in other implementations: nothing in them says what they are.
    ///
    /// - Parameters:
    ///   - bytes: whole fields; what follows invalid bytes is left out.
    ///   - levels: how deep bytes may be interpreted as messages.
    mutating func writeUnknown(_ bytes: [UInt8], levels: Int = 10) {
        unsafe bytes.withUnsafeBytes { raw in
            var reader = unsafe WireReader(raw)
            try? writeUnknown(from: &reader, levels: levels)
        }
    }

    private mutating func writeUnknown(from reader: inout WireReader, levels: Int) throws(WireError) {
        while let tag = try reader.nextTag() {
            let name = String(tag >> 3)
            switch WireFormat(rawValue: tag & 7) {
            case .varint: scalar(name, String(try reader.readVarint()))
            case .fixed32: scalar(name, Self.hexadecimal(UInt64(try reader.readFixed32()), digits: 8))
            case .fixed64: scalar(name, Self.hexadecimal(try reader.readFixed64(), digits: 16))
            case .lengthDelimited:
                let content = try reader.readBytes()
                if levels > 0, !content.isEmpty, Self.couldBeMessage(content, levels: levels) {
                    nested(name) { $0.writeUnknown(content, levels: levels - 1) }
                } else {
                    scalar(name, TextLiteral.quoted(content))
                }
            case .groupStart:
                var failure: WireError?
                nested(name) { printer in
                    do throws(WireError) {
                        try reader.readGroup(tag >> 3) { reader throws(WireError) in
                            try printer.writeUnknown(from: &reader, levels: levels)
                        }
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
            case .groupEnd, nil:
                // The end of the group being written; anything else throws.
                guard try reader.skipUnknown(tag) else { return }
            }
        }
    }

    private static func couldBeMessage(_ bytes: [UInt8], levels: Int) -> Bool {
        unsafe bytes.withUnsafeBytes { raw in
            var reader = unsafe WireReader(raw, limits: DecodingLimits(maximumDepth: levels))
            do throws(WireError) {
                while let tag = try reader.nextTag() {
                    guard try reader.skipUnknown(tag) else { return false }
                }
                return true
            } catch {
                return false
            }
        }
    }

    private static func hexadecimal(_ value: UInt64, digits: Int) -> String {
        "0x" + Hex.encode(value, digits: digits)
    }
}
