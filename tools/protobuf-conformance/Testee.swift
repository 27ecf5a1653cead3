import ConformanceMessages
import ProtobufReflection
import ProtobufWire
import TelehealthAPI

/// Answers one conformance request after the other.
struct Testee {
    let pool: DescriptorPool
    let usesGenerated: Bool

    /// What a ConformanceResponse can say.
    private enum Answer {
        case parseError(String), serializeError(String), runtimeError(String), skipped(String)
        case protobuf([UInt8]), json(String), text(String)
    }

    func answer(_ request: [UInt8]) -> [UInt8] {
        guard let type = pool.message(named: "conformance.ConformanceRequest"),
            let responseType = pool.message(named: "conformance.ConformanceResponse")
        else {
            // The runner cannot be answered without the protocol's own messages: a fault of how this program was built.
            fatalError("the descriptor set lacks conformance.proto")
        }
        var response = DynamicMessage(responseType)
        let answer: Answer
        do {
            answer = self.answer(try DynamicMessage(type, decoding: request))
        } catch {
            answer = .runtimeError("request: \(error)")
        }
        let (name, value): (String, DynamicValue) =
            switch answer {
            case .parseError(let text): ("parse_error", .string(text))
            case .serializeError(let text): ("serialize_error", .string(text))
            case .runtimeError(let text): ("runtime_error", .string(text))
            case .skipped(let text): ("skipped", .string(text))
            case .protobuf(let bytes): ("protobuf_payload", .bytes(bytes))
            case .json(let text): ("json_payload", .string(text))
            case .text(let text): ("text_payload", .string(text))
            }
        if let field = responseType.field(named: name) { response[field] = value }
        return response.encodedBytes()
    }

    private func answer(_ request: DynamicMessage) -> Answer {
        guard case .string(let typeName)? = request["message_type"] else {
            return .runtimeError("no message_type")
        }
        // The first request asks for the list of failures to expect: none.
        if typeName == "conformance.FailureSet" { return .protobuf([]) }
        guard let type = pool.message(named: typeName) else {
            return .runtimeError("unknown type \(typeName)")
        }
        var wanted: Int32 = 0
        if case .enumeration(let number)? = request["requested_output_format"] { wanted = number }
        // UNSPECIFIED 0, PROTOBUF 1, JSON 2, JSPB 3, TEXT_FORMAT 4; category JSON_IGNORE_UNKNOWN_PARSING_TEST
        // is 3.
        guard [1, 2, 4].contains(wanted) else { return .skipped("output format \(wanted)") }
        let printsUnknown = request["print_unknown_fields"] == .bool(true)
        if case .bytes(let payload)? = request["protobuf_payload"] {
            if usesGenerated, wanted == 1, let answer = answerGenerated(payload, typeName) { return answer }
            do {
                return output(try DynamicMessage(type, decoding: payload), wanted, printsUnknown)
            } catch {
                return .parseError(error.label)
            }
        }
        if case .string(let text)? = request["json_payload"] {
            let ignores = request["test_category"] == .enumeration(3)
            do {
                let options = JSONDecodingOptions(ignoresUnknownFields: ignores)
                return output(try DynamicMessage(type, json: text, options: options), wanted, printsUnknown)
            } catch {
                return .parseError(error.description)
            }
        }
        if case .string(let text)? = request["text_payload"] {
            do {
                return output(try DynamicMessage(type, text: text), wanted, printsUnknown)
            } catch {
                return .parseError(error.description)
            }
        }
        return .skipped("input format")
    }

    private func output(_ message: DynamicMessage, _ wanted: Int32, _ printsUnknown: Bool) -> Answer {
        if wanted == 1 { return .protobuf(message.encodedBytes()) }
        if wanted == 4 {
            return .text(message.textFormat(options: .init(printsUnknownFields: printsUnknown)))
        }
        do {
            return .json(try message.jsonText())
        } catch {
            return .serializeError(error.description)
        }
    }

    private func answerGenerated(_ payload: [UInt8], _ typeName: String) -> Answer? {
        func roundTrip<M: Message>(_ type: M.Type) -> Answer {
            do {
                return .protobuf(try M(decoding: payload).encodedBytes())
            } catch {
                return .parseError(error.label)
            }
        }
        guard let type = Self.generatedType(typeName) else {
            return typeName.hasPrefix(Self.ownPackage) ? .runtimeError("no generated \(typeName)") : nil
        }
        return roundTrip(type)
    }

    private static let ownPackage = "telehealth.v1."

    /// The struct of one of the suite's messages or of the API's; nil for others.
    private static func generatedType(_ fullName: String) -> (any Message.Type)? {
        switch fullName {
        case ProtobufTestMessages_Proto3_TestAllTypesProto3.fullName:
            return ProtobufTestMessages_Proto3_TestAllTypesProto3.self
        case ProtobufTestMessages_Proto2_TestAllTypesProto2.fullName:
            return ProtobufTestMessages_Proto2_TestAllTypesProto2.self
        default:
            // Looked up by name: a table of all messages would be out of date with every new one.
            guard fullName.hasPrefix(ownPackage) else { return nil }
            let name = "Telehealth_V1_" + fullName.dropFirst(ownPackage.count)
            return _typeByName("13TelehealthAPI\(name.utf8.count)\(name)V") as? any Message.Type
        }
    }
}
