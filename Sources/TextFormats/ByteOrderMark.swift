extension Array<UInt8> {
    /// Without the mark that some editors put before UTF-8 text.
    ///
    /// - Spec: RFC 8259 section 8.1: a parser may ignore it, a generator must not add it.
    public var withoutByteOrderMark: ArraySlice<UInt8> { starts(with: [0xEF, 0xBB, 0xBF]) ? dropFirst(3) : self[...] }
}
