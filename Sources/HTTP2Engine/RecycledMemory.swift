internal import CNghttp2

/// Small areas that nghttp2 gave back, kept by size for the next call: nghttp2 takes and returns eight for each small
/// call, and a tick's calls take a hundred of a size before the first comes back, which is more than glibc keeps at
/// hand.
///
/// Every area is glibc's own, so one may be returned to either. Builds with sanitizers do without, so that they see
/// each area's own life.
/// - Isolation: one thread, as its ``HTTP2Workspace``.
struct RecycledMemory {
    /// Larger areas are glibc's business.
    private static let areaBytesMax = 344
    /// glibc's areas hold 24 bytes, 40, 56 and so on.
    private static let smallestAreaBytes = 24
    private static let stepBytes = 16
    /// What is kept in all: a thousand calls that come and go together.
    private static let keptBytesMax = 1 << 20

    /// The first free area of each size; the first word of an area is the address of the next.
    private var areas: InlineArray<21, UnsafeMutableRawPointer?> = .init(repeating: nil)
    private(set) var keptBytes = 0

    mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount <= Self.areaBytesMax else { return malloc(byteCount) }
        let size = max(0, byteCount - Self.smallestAreaBytes + Self.stepBytes - 1) / Self.stepBytes
        guard let area = areas[size] else { return malloc(byteCount) }
        areas[size] = area.load(as: UnsafeMutableRawPointer?.self)
        keptBytes -= Self.smallestAreaBytes + size * Self.stepBytes
        return area
    }

    mutating func giveBack(_ area: UnsafeMutableRawPointer) {
        let byteCount = malloc_usable_size(area)
        guard byteCount <= Self.areaBytesMax, keptBytes < Self.keptBytesMax else { return free(area) }
        let size = (byteCount - Self.smallestAreaBytes) / Self.stepBytes
        area.storeBytes(of: areas[size], as: UnsafeMutableRawPointer?.self)
        areas[size] = area
        keptBytes += Self.smallestAreaBytes + size * Self.stepBytes
    }

    mutating func freeAll() {
        for size in areas.indices {
            while let area = areas[size] {
                areas[size] = area.load(as: UnsafeMutableRawPointer?.self)
                free(area)
            }
        }
        keptBytes = 0
    }

    /// The functions that a session of nghttp2 takes, over memory that outlives the session.
    static func functions(_ memory: UnsafeMutablePointer<RecycledMemory>) -> nghttp2_mem {
        nghttp2_mem(
            mem_user_data: memory,
            malloc: { byteCount, memory in RecycledMemory.of(memory).pointee.take(byteCount) },
            free: { area, memory in
                if let area { RecycledMemory.of(memory).pointee.giveBack(area) }
            },
            calloc: { count, byteCount, memory in
                let (all, isOverflow) = count.multipliedReportingOverflow(by: byteCount)
                guard !isOverflow, let area = RecycledMemory.of(memory).pointee.take(all) else { return nil }
                return memset(area, 0, all)
            },
            realloc: { area, byteCount, _ in realloc(area, byteCount) })
    }

    private static func of(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<RecycledMemory> {
        memory!.assumingMemoryBound(to: RecycledMemory.self)
    }
}
