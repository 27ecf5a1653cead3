// Called by generated `merge(from:)` methods after a tag, one line per field.

extension WireReader {
    /// Replaces a singular value.
    @inlinable @inline(__always)
    public mutating func read<T: WireType>(_ value: inout T.Value, as type: T.Type) throws(WireError) {
        try T.read(&value, from: &self)
    }

    /// Replaces a singular value that knows whether it is present.
    @inlinable @inline(__always)
    public mutating func read<T: WireType>(_ value: inout T.Value?, as type: T.Type) throws(WireError) {
        value = try readValue(as: type)
    }

    /// Returns a value: for oneofs.
    @inlinable @inline(__always)
    public mutating func readValue<T: WireType>(as type: T.Type) throws(WireError) -> T.Value {
        var value = T.initial
        try T.read(&value, from: &self)
        return value
    }

    /// Appends one unpacked element.
    @inlinable
    public mutating func readRepeated<T: WireType>(
        _ values: inout [T.Value], as type: T.Type
    ) throws(WireError) {
        Self.prepareToAppend(to: &values)
        values.append(try readValue(as: type))
    }

    /// Avoids growing a short list element by element.
    @inlinable @inline(__always)
    static func prepareToAppend<Element>(to values: inout [Element]) {
        guard values.isEmpty else { return }
        values.reserveCapacity(min(4, max(1, 512 / MemoryLayout<Element>.stride)))
    }

    /// Appends the elements of one packed run. Memory grows with the elements read.
    @inlinable
    public mutating func readPacked<T: WireType>(
        _ values: inout [T.Value], as type: T.Type
    ) throws(WireError) {
        let bytes = try unsafe readDelimited()
        let after = unsafe current
        let outerEnd = unsafe end
        unsafe current = unsafe after - bytes.count
        unsafe end = unsafe after
        if values.isEmpty {
            // The run is present completely, so its size can be trusted: four bytes per number is a fair estimate for
            // varints.
            switch T.format {
            case .fixed32: values.reserveCapacity(bytes.count / 4)
            case .fixed64: values.reserveCapacity(bytes.count / 8)
            default: values.reserveCapacity(bytes.count / 4 &+ 1)
            }
        }
        while unsafe current < end { values.append(try readValue(as: type)) }
        unsafe end = unsafe outerEnd
    }

    /// Merges a nested message in place.
    @inlinable
    public mutating func readMessage<M: Message>(_ message: inout M) throws(WireError) {
        let bytes = try unsafe readDelimited()
        let after = unsafe current
        let outerEnd = unsafe end
        let outerGroup = groupEndTag
        try enter()
        unsafe current = unsafe after - bytes.count
        unsafe end = unsafe after
        groupEndTag = 0
        try message.merge(from: &self)
        unsafe end = unsafe outerEnd
        groupEndTag = outerGroup
        depthLeft &+= 1
    }

    /// Merges a nested message in place, making it when absent.
    @inlinable
    public mutating func readMessage<M: Message>(_ message: inout M?) throws(WireError) {
        if message == nil { message = M() }
        try readMessage(&message!)
    }

    /// Merges a boxed nested message: the box is made anew with the merged value.
    @inlinable
    public mutating func readMessage<M: Message>(_ box: inout Boxed<M>?) throws(WireError) {
        var message = box?.value ?? M()
        box = nil
        try readMessage(&message)
        box = Boxed(message)
    }

    /// Appends one nested message.
    @inlinable
    public mutating func readMessages<M: Message>(_ messages: inout [M]) throws(WireError) {
        Self.prepareToAppend(to: &messages)
        messages.append(M())
        try readMessage(&messages[messages.count &- 1])
    }

    /// Merges a group in place, making it when absent.
    @inlinable
    public mutating func readGroup<M: Message>(_ field: UInt32, _ message: inout M?) throws(WireError) {
        var group = message ?? M()
        try readGroup(field) { reader throws(WireError) in try group.merge(from: &reader) }
        message = group
    }

    /// Appends one group.
    @inlinable
    public mutating func readGroups<M: Message>(_ field: UInt32, _ messages: inout [M]) throws(WireError) {
        var group: M?
        try readGroup(field, &group)
        messages.append(group!)
    }

    /// Reads one map entry: a missing key or value is the default, the last of several applies, a repeated key
    /// replaces the entry.
    @inlinable
    public mutating func readMap<K: WireType, V: WireType>(
        _ map: inout MapField<K.Value, V.Value>, _ key: K.Type, _ value: V.Type
    ) throws(WireError) where K.Value: MapKey {
        var entryKey = K.initial
        var entryValue = V.initial
        let bytes = try unsafe readDelimited()
        let after = unsafe current
        let outerEnd = unsafe end
        let outerGroup = groupEndTag
        try enter()
        unsafe current = unsafe after - bytes.count
        unsafe end = unsafe after
        groupEndTag = 0
        while let tag = try nextTag() {
            if tag == 1 << 3 | K.format.rawValue {
                try K.read(&entryKey, from: &self)
            } else if tag == 2 << 3 | V.format.rawValue {
                try V.read(&entryValue, from: &self)
            } else {
                // Outside a group an end tag throws, so the result is always true.
                _ = try skipUnknown(tag)
            }
        }
        unsafe end = unsafe outerEnd
        groupEndTag = outerGroup
        depthLeft &+= 1
        map.insert(entryKey, entryValue)
    }

    /// Reads one map entry whose value is a closed (proto2) enum: if the number has no case, the whole entry becomes
    /// an unknown field, and the map is unchanged.
    @inlinable
    public mutating func readClosedMap<K: WireType, E: ProtobufEnum>(
        _ field: UInt32, _ map: inout MapField<K.Value, E>, _ key: K.Type, _ value: WireEnum<E>.Type,
        in fields: inout UnknownFields
    ) throws(WireError) where K.Value: MapKey {
        let start = unsafe current
        var entry = MapField<K.Value, E>()
        try readMap(&entry, key, value)
        for (key, value) in entry {
            if value.isRecognized {
                map.insert(key, value)
            } else {
                unsafe fields.append(
                    tag: field << 3 | WireFormat.lengthDelimited.rawValue,
                    value: UnsafeRawBufferPointer(start: start, count: current - start))
            }
        }
    }

    /// Reads a number of a closed (proto2) enum: one without a case becomes an unknown field.
    ///
    /// - Returns: nil when the number went to `fields`.
    @inlinable
    public mutating func readClosed<E: ProtobufEnum>(
        _ field: UInt32, _ type: E.Type, in fields: inout UnknownFields
    ) throws(WireError) -> E? {
        let raw = try readVarint()
        let value = E(rawValue: Int32(truncatingIfNeeded: raw))
        if value.isRecognized { return value }
        fields.append(field: field, varint: raw)
        return nil
    }

    /// Appends the elements of one packed run of a closed enum; numbers without a case become unknown fields.
    @inlinable
    public mutating func readClosedPacked<E: ProtobufEnum>(
        _ field: UInt32, _ values: inout [E], in fields: inout UnknownFields
    ) throws(WireError) {
        var numbers: [Int32] = []
        try readPacked(&numbers, as: WireInt32.self)
        for number in numbers {
            let value = E(rawValue: number)
            if value.isRecognized {
                values.append(value)
            } else {
                fields.append(field: field, varint: UInt64(bitPattern: Int64(number)))
            }
        }
    }
}
