import Glibc

/// Standard output that does not wait for a full buffer.
enum FlushedOutput {
    static func line(_ text: String) {
        print(text)
        fflush(nil)
    }
}
