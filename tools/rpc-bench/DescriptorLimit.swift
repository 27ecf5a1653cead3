import Glibc

/// How many files and sockets this process may have open.
enum DescriptorLimit {
    /// Raises the limit as far as it goes, for root also beyond what the shell was given.
    ///
    /// - Returns: whether `count` descriptors fit now.
    @discardableResult
    static func raise(to count: Int) -> Bool {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let wanted = max(limit.rlim_max, rlim_t(count))
        for hard in [wanted, limit.rlim_max] {
            var raised = rlimit(rlim_cur: hard, rlim_max: hard)
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { return hard >= rlim_t(count) }
        }
        return limit.rlim_cur >= rlim_t(count)
    }
}
