extension Array<UInt8> {
    /// Without the mark that some editors put before UTF-8 text, which is no part of it.
    ///
    /// - Spec: RFC 8259 section 8.1: a reader may ignore it, a writer must not add it.
    public var withoutByteOrderMark: ArraySlice<UInt8> { starts(with: [0xEF, 0xBB, 0xBF]) ? dropFirst(3) : self[...] }
}
