internal import Glibc

/// Standard output and error, written at once and whole.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// What cannot be written is let go: there is nobody left to tell.
    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if written > 0 {
                bytes = bytes.dropFirst(written)
            } else if errno != EINTR {
                return
            }
        }
    }
}
