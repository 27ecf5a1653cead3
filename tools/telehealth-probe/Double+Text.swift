internal import Glibc

extension Double {
    /// With this many decimals, 0 to 15, rounded as printf(3) rounds, which has the exact value: 2.675 is "2.67".
    func text(decimals: Int32) -> String {
        // The largest number has 309 digits before its point.
        var bytes = [CChar](repeating: 0, count: 336)
        let count = withVaList([decimals, self]) { vsnprintf(&bytes, bytes.count, "%.*f", $0) }
        return String(decoding: bytes.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
