internal import Glibc

/// Standard input, read as a whole.
public enum StandardInput {
    /// Blocks the calling thread until the input ends.
    ///
    /// - Returns: nil when it cannot be read, for example because it is closed or a folder.
    public static func readToEnd() -> [UInt8]? {
        var input: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &part, part.count)
            if count > 0 {
                input += part.prefix(count)
            } else if count == 0 {
                return input
            } else if errno == EAGAIN {
                // The creator of the descriptor may have made it non-blocking for everyone who shares it.
                var ready = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                _ = poll(&ready, 1, -1)
            } else if errno != EINTR {
                return nil
            }
        }
    }
}
