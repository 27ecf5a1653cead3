/// Called when a timer is due.
public protocol TimerTarget: AnyObject {
    /// - Parameter kind: the number given to `schedule`, so that one object can own several timers.
    /// - Isolation: the loop that the timer was scheduled on.
    func timerFired(kind: Int, on loop: EventLoop)
}

/// Identifies a scheduled timer. The id of a fired or cancelled timer never matches a later one.
@frozen
public struct TimerID: Hashable, Sendable {
    let slot: UInt32
    /// Starts at 1, so that zero means "no timer".
    let generation: UInt32

    public static let none = TimerID(slot: 0, generation: 0)
}

/// Timers of one loop: a binary heap by deadline, with a slot per timer that knows its place in the heap.
///
/// Scheduling a deadline later than all others costs O(1), anything else O(log n); cancelling is O(log n) and leaves
/// nothing behind, so that a million short calls with long deadlines do not accumulate. Compared with a timer wheel,
/// the cost per call is the same; the heap is exact and fires equal deadlines in scheduling order.
struct TimerQueue {
    private struct Slot {
        var generation: UInt32
        var heapIndex: Int32
        var kind: Int
        var target: (any TimerTarget)?
    }

    private struct Entry {
        let deadline: UInt64
        let sequence: UInt64
        let slot: UInt32

        func isBefore(_ other: Entry) -> Bool {
            deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence
        }
    }

    private var slots = ContiguousArray<Slot>()
    private var freeSlots = ContiguousArray<UInt32>()
    private var heap = ContiguousArray<Entry>()
    private var nextSequence: UInt64 = 0

    var count: Int { heap.count }

    var earliest: MonotonicInstant? { heap.first.map { MonotonicInstant(nanoseconds: $0.deadline) } }

    mutating func schedule(at deadline: MonotonicInstant, kind: Int, target: any TimerTarget) -> TimerID {
        let index: UInt32
        if let free = freeSlots.popLast() {
            index = free
            slots[Int(free)].target = target
            slots[Int(free)].kind = kind
        } else {
            index = UInt32(slots.count)
            slots.append(Slot(generation: 1, heapIndex: -1, kind: kind, target: target))
        }
        heap.append(Entry(deadline: deadline.nanoseconds, sequence: nextSequence, slot: index))
        nextSequence += 1
        siftUp(from: heap.count - 1)
        return TimerID(slot: index, generation: slots[Int(index)].generation)
    }

    /// - Returns: whether the timer was still waiting.
    @discardableResult
    mutating func cancel(_ id: TimerID) -> Bool {
        let index = Int(id.slot)
        guard index < slots.count, id.generation != 0, slots[index].generation == id.generation else {
            return false
        }
        remove(at: Int(slots[index].heapIndex))
        return true
    }

    /// Removes and returns the earliest timer if its deadline is not after `now`.
    mutating func popDue(now: MonotonicInstant) -> (target: any TimerTarget, kind: Int)? {
        guard let first = heap.first, first.deadline <= now.nanoseconds else { return nil }
        let slot = slots[Int(first.slot)]
        remove(at: 0)
        return slot.target.map { ($0, slot.kind) }
    }

    private mutating func remove(at position: Int) {
        let slotIndex = Int(heap[position].slot)
        let last = heap.count - 1
        if position != last {
            heap.swapAt(position, last)
            slots[Int(heap[position].slot)].heapIndex = Int32(position)
        }
        heap.removeLast()
        if position < heap.count {
            siftDown(from: position)
            siftUp(from: position)
        }
        slots[slotIndex].target = nil
        slots[slotIndex].heapIndex = -1
        slots[slotIndex].generation =
            slots[slotIndex].generation == .max ? 1 : slots[slotIndex].generation + 1
        freeSlots.append(UInt32(slotIndex))
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        let entry = heap[child]
        while child > 0 {
            let parent = (child - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            heap[child] = heap[parent]
            slots[Int(heap[child].slot)].heapIndex = Int32(child)
            child = parent
        }
        heap[child] = entry
        slots[Int(entry.slot)].heapIndex = Int32(child)
    }

    private mutating func siftDown(from start: Int) {
        var parent = start
        let entry = heap[parent]
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            heap[parent] = heap[child]
            slots[Int(heap[parent].slot)].heapIndex = Int32(parent)
            parent = child
        }
        heap[parent] = entry
        slots[Int(entry.slot)].heapIndex = Int32(parent)
    }
}
