/// Makes the service's identifiers. One seed gives one sequence, so that a failing run can be repeated.
struct IdentifierSource: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A version 4 UUID in lower case, the form of Chime's `GuidString`.
    mutating func uuid() -> String {
        let high = next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            text.append(hexDigits[Int(word >> UInt64(60 - index % 16 * 4) & 0xf)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// SplitMix64: plain, fast and evenly spread; nothing secret depends on it.
    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
