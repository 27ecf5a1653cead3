// What generated `encode(into:)` methods call, one line per field. Whether an absent or default value is
// written is the caller's decision; repeated fields and maps write nothing when empty.

extension ByteBuffer {
    /// Writes tag and value.
    @inlinable @inline(__always)
    public mutating func write<T: WireType>(_ field: UInt32, _ value: T.Value, as type: T.Type) {
        writeTag(field, T.format)
        T.write(value, to: &self)
    }

    /// Writes each element with its tag.
    @inlinable
    public mutating func writeRepeated<T: WireType>(_ field: UInt32, _ values: [T.Value], as type: T.Type) {
        // Through a span: an array's iterator would retain what it yields.
        let span = values.span
        for index in span.indices { write(field, span[index], as: type) }
    }

    /// Writes all elements behind one tag; nothing when there is none.
    @inlinable
    public mutating func writePacked<T: WireType>(_ field: UInt32, _ values: [T.Value], as type: T.Type) {
        guard !values.isEmpty else { return }
        writeTag(field, .lengthDelimited)
        writeDelimited { buffer in
            let span = values.span
            for index in span.indices { T.write(span[index], to: &buffer) }
        }
    }

    /// Writes a nested message with tag and length.
    @inlinable
    public mutating func writeMessage<M: Message>(_ field: UInt32, _ message: M) {
        writeTag(field, .lengthDelimited)
        reserve(1)
        storedCount &+= 1
        let start = storedCount
        message.encode(into: &self)
        finishDelimited(from: start)
    }

    /// Writes a nested message that is held in a box.
    @inlinable
    public mutating func writeMessage<M: Message>(_ field: UInt32, _ box: Boxed<M>) {
        writeMessage(field, box.value)
    }

    /// Writes each message with tag and length.
    @inlinable
    public mutating func writeMessages<M: Message>(_ field: UInt32, _ messages: [M]) {
        let span = messages.span
        for index in span.indices { writeMessage(field, span[index]) }
    }

    /// Writes a group: start tag, fields, end tag.
    @inlinable
    public mutating func writeGroup<M: Message>(_ field: UInt32, _ message: M) {
        writeTag(field, .groupStart)
        message.encode(into: &self)
        writeTag(field, .groupEnd)
    }

    /// Writes a map as repeated entries, key and value always present, in the map's own order.
    @inlinable
    public mutating func writeMap<K: WireType, V: WireType>(
        _ field: UInt32, _ map: MapField<K.Value, V.Value>, _ key: K.Type, _ value: V.Type
    ) where K.Value: MapKey {
        for entry in map.pairs {
            writeTag(field, .lengthDelimited)
            writeDelimited { buffer in
                buffer.write(1, entry.key, as: key)
                buffer.write(2, entry.value, as: value)
            }
        }
    }
}
