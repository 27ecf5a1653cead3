/// Why the store could not serve; the detail goes to the log only.
public enum StoreError: Error, Sendable, Hashable {
    /// The device failed: read-only from here on.
    case failed(code: Int32, operation: String)
    /// What is stored is damaged, or was changed by somebody else; asking again does not help.
    case damaged(operation: String)
    /// No space: may recover.
    case full
    /// Too many writes queued: try again later.
    case overloaded
    /// Shutting down.
    case closed
}
