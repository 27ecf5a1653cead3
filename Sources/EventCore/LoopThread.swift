internal import CLinux
internal import Glibc

/// A joinable thread with a name.
final class LoopThread: Sendable {
    private final class Body: Sendable {
        let name: String
        let givesWay: Bool
        let run: @Sendable () -> Void
        init(name: String, givesWay: Bool, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.givesWay = givesWay
            self.run = run
        }
    }

    /// pthread_setname_np refuses longer names.
    static let nameBytesMax = 15
    private static let niceOfGivingWay: Int32 = 10

    private static let currentLoopKey: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    private let thread: pthread_t

    /// Starts immediately; signals are blocked in the new thread, so that they reach the threads that wait for them.
    init(name: String, givesWay: Bool = false, _ run: @escaping @Sendable () -> Void) throws(SystemCallError) {
        let body = Unmanaged.passRetained(Body(name: name, givesWay: givesWay, run: run))
        var thread = pthread_t()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(
            &thread, nil,
            { context in
                // Retained once for this thread, released here.
                let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
                telehealth_set_thread_name(
                    String(decoding: body.name.utf8.prefix(LoopThread.nameBytesMax), as: UTF8.self))
                // Linux has a nice value for each thread; 0 is the calling one. Failing changes nothing else.
                if body.givesWay { _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, LoopThread.niceOfGivingWay) }
                body.run()
                return nil
            }, body.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        if code != 0 {
            body.release()
            throw SystemCallError("pthread_create", code: code)
        }
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }

    /// Instead of `join`: the thread's memory is released at its end.
    func detach() { pthread_detach(thread) }

    /// The loop that runs on the calling thread; unretained, because a loop clears it before its thread ends.
    static var currentLoop: EventLoop? {
        get {
            pthread_getspecific(currentLoopKey).map {
                Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue()
            }
        }
        set { pthread_setspecific(currentLoopKey, newValue.map { Unmanaged.passUnretained($0).toOpaque() }) }
    }
}
