internal import Glibc

/// A named thread that runs one closure and ends.
package enum WorkerThread {
    private static let niceOfGivingWay: Int32 = 10

    private final class Start: Sendable {
        let name: String
        let givesWay: Bool
        let body: @Sendable () -> Void

        init(name: String, givesWay: Bool, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.givesWay = givesWay
            self.body = body
        }
    }

    /// - Parameters:
    ///   - name: at most 15 bytes, as Linux shows it.
    ///   - givesWay: whether it leaves the processor to whoever else wants it: for work that nobody waits for in
    ///     milliseconds.
    /// - Returns: false when the system has no room for a thread.
    package static func start(name: String, givesWay: Bool = false, body: @escaping @Sendable () -> Void) -> Bool {
        // Retained here, released by the thread; by us when there is none.
        let context = Unmanaged.passRetained(Start(name: name, givesWay: givesWay, body: body)).toOpaque()
        guard spawn(context) else {
            Unmanaged<Start>.fromOpaque(context).release()
            return false
        }
        return true
    }

    private static func spawn(_ context: UnsafeMutableRawPointer) -> Bool {
        var thread = pthread_t()
        guard pthread_create(&thread, nil, { context in WorkerThread.enter(context) }, context) == 0 else {
            return false
        }
        pthread_detach(thread)
        return true
    }

    private static func enter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let context {
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            nameThisThread(start.name)
            // Linux has a nice value for each thread, and 0 is the calling one. Failing changes nothing else.
            if start.givesWay { _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceOfGivingWay) }
            start.body()
        }
        return nil
    }

    /// For `top -H` and debuggers; by /proc because Swift's Glibc does not show pthread_setname_np.
    private static func nameThisThread(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = name.withCString { write(descriptor, $0, strlen($0)) }
        close(descriptor)
    }
}
