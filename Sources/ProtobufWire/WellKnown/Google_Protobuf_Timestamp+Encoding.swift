extension ByteBuffer {
    /// A nested timestamp with tag and length: the same bytes as the general way, in one step. Every third field of a
    /// telehealth session is a timestamp. Not inlined, because it is long and a session's encoder would contain it
    /// fifteen times.
    public mutating func writeMessage(_ field: UInt32, _ time: Google_Protobuf_Timestamp) {
        writeTag(field, .lengthDelimited)
        // The length, two tags and two varints: below 128, so the length has one byte.
        reserve(1 + 2 + 2 * 10)
        storedCount &+= 1
        let start = storedCount
        if time.seconds != 0 {
            unsafe storeTag(1 << 3)
            unsafe storeVarint(UInt64(bitPattern: time.seconds))
        }
        if time.nanos != 0 {
            unsafe storeTag(2 << 3)
            unsafe storeVarint(UInt64(bitPattern: Int64(time.nanos)))
        }
        writeUnknown(time.unknownFields)
        finishDelimited(from: start)
    }
}
