/// Numbers in order of arrival; the oldest can be read and any can be removed.
///
/// - Complexity: constant on average; a removed number leaves its place when it reaches the front.
struct AgeQueue {
    private var members: Set<UInt64> = []
    private var order: [UInt64] = []
    private var first = 0

    var count: Int { members.count }

    /// - Parameter number: one that never was in the queue.
    mutating func append(_ number: UInt64) {
        members.insert(number)
        order.append(number)
    }

    /// - Returns: whether it was there.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Bool {
        guard members.remove(number) != nil else { return false }
        // What is left of the order may be as much again as there are members, and not more.
        if order.count - first > 2 * members.count + 16 {
            order = order[first...].filter(members.contains)
            first = 0
        } else if members.isEmpty {
            order = []
            first = 0
        }
        return true
    }

    var oldest: UInt64? {
        mutating get {
            while first < order.count, !members.contains(order[first]) { first += 1 }
            return first < order.count ? order[first] : nil
        }
    }
}
