/// Durations in logarithmic buckets: each power of two of a microsecond is divided into 32, so the error is at most 3
/// %, and the memory does not grow with the number of calls.
struct LatencyHistogram: Sendable {
    private static let subBucketBits = 5
    private static let subBucketCount = 1 << subBucketBits

    private var counts: [Int: Int] = [:]
    private(set) var count = 0
    private(set) var max = Duration.zero
    private var total = Duration.zero

    mutating func record(_ duration: Duration) {
        counts[Self.bucket(of: duration), default: 0] += 1
        count += 1
        total += duration
        max = Swift.max(max, duration)
    }

    var mean: Duration { count == 0 ? .zero : total / count }

    /// - Parameter share: 0...1; 0.5 is the median.
    /// - Returns: a duration that at least this share of the calls did not exceed.
    func quantile(_ share: Double) -> Duration {
        var rest = Int((share * Double(count)).rounded(.up))
        for (bucket, count) in counts.sorted(by: { $0.key < $1.key }) {
            rest -= count
            if rest <= 0 { return Swift.min(Self.upperBound(of: bucket), max) }
        }
        return max
    }

    /// Counts per power of two of a microsecond, not cumulative.
    var powersOfTwo: [(upTo: Duration, count: Int)] {
        var rows: [Int: Int] = [:]
        for (bucket, count) in counts { rows[Self.exponent(of: bucket), default: 0] += count }
        guard let first = rows.keys.min(), let last = rows.keys.max() else { return [] }
        return (first...last).map { (.microseconds(1 << $0), rows[$0] ?? 0) }
    }

    private static func bucket(of duration: Duration) -> Int {
        let value = Int(Swift.max(0, duration / .microseconds(1)))
        guard value >= subBucketCount else { return value }
        let shift = Int.bitWidth - value.leadingZeroBitCount - subBucketBits - 1
        return (shift + 1) * subBucketCount + (value >> shift) - subBucketCount
    }

    /// The first whole microsecond above the bucket.
    private static func upperBound(of bucket: Int) -> Duration {
        guard bucket >= subBucketCount else { return .microseconds(bucket + 1) }
        let shift = bucket / subBucketCount - 1
        return .microseconds((bucket % subBucketCount + subBucketCount + 1) << shift)
    }

    /// The smallest power of two that is not below the bucket's bound.
    private static func exponent(of bucket: Int) -> Int {
        let bound = Int(upperBound(of: bucket) / .microseconds(1))
        return Int.bitWidth - (bound - 1).leadingZeroBitCount
    }
}
