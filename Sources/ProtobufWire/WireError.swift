/// Why bytes are not a protobuf message. Always the sender's fault; carries no payload data.
public enum WireError: Error, Hashable, Sendable {
    /// The bytes end inside a tag, a value or a group.
    case truncated
    /// A varint is longer than ten bytes, or a length longer than five or above 2 GiB.
    case varintOverflow
    /// A tag is longer than 32 bits, has field number 0 or one of the unused wire types 6 and 7.
    case invalidTag
    /// A group ends that was not begun, or with another field number.
    case unmatchedGroupEnd
    /// The bytes of a `string` field are not UTF-8.
    case invalidUTF8
    /// Messages or groups are nested deeper than `limit`.
    case depthExceeded(limit: Int)
    /// The message is longer than `limit` bytes.
    case sizeExceeded(limit: Int)
    /// The message has more than `limit` nested messages in all.
    case messageCountExceeded(limit: Int)

    /// A name for metrics, without dynamic values.
    public var label: String {
        switch self {
        case .truncated: "truncated"
        case .varintOverflow: "varint_overflow"
        case .invalidTag: "invalid_tag"
        case .unmatchedGroupEnd: "unmatched_group_end"
        case .invalidUTF8: "invalid_utf8"
        case .depthExceeded: "depth_exceeded"
        case .sizeExceeded: "size_exceeded"
        case .messageCountExceeded: "message_count_exceeded"
        }
    }
}
