import ProtobufWire

let sent = Google_Protobuf_Timestamp(seconds: 1_800_000_000, nanos: 5)
let received = try Google_Protobuf_Timestamp(decoding: sent.encodedBytes())
guard received == sent else { throw WireError.truncated }
print("a message of \(sent.encodedBytes().count) bytes was written and read")
