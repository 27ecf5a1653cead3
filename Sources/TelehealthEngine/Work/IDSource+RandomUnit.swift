internal import TelehealthModel

extension IDSource {
    /// Uniform in 0..<1, from 32 random bits.
    func randomUnit() -> Double {
        Double(UInt32(randomHex(byteCount: 4), radix: 16) ?? 0) / 4_294_967_296
    }
}
