/// What happens by itself, earliest first. Entries are hints: whoever takes one looks whether it is still
/// due.
struct DeadlineQueue: Sendable {
    enum Target: Hashable, Sendable {
        case meeting(String)
        case pipeline(String)
    }

    struct Entry: Sendable {
        var at: Timestamp
        /// Keeps entries of one instant in the order in which they were added.
        var number: Int
        var target: Target

        fileprivate func comesBefore(_ other: Entry) -> Bool { (at, number) < (other.at, other.number) }
    }

    /// A binary heap: no entry comes before its parent at `(index - 1) / 2`.
    private var heap: [Entry] = []
    private var nextNumber = 0

    mutating func add(_ target: Target, at instant: Timestamp) {
        heap.append(Entry(at: instant, number: nextNumber, target: target))
        nextNumber += 1
        var index = heap.count - 1
        while index > 0, heap[index].comesBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes the earliest entry that lies no later than `now`.
    mutating func take(until now: Timestamp) -> Entry? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].comesBefore(heap[smallest]) {
                smallest = child
            }
            guard smallest != index else { return first }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
