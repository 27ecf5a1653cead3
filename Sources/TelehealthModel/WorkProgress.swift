/// How far long work is: a copy of the database, a look through it, a check of the audit log.
public struct WorkProgress: Sendable, Hashable {
    public enum Phase: Sendable, Hashable, CaseIterable {
        /// For its turn, or for an earlier try of the same request. Nothing is counted.
        case waiting
        /// Copies; in bytes.
        case copying
        /// Looks at the file's structure and references. SQLite does not tell how far it is.
        case structure
        /// Opens sealed values and holds rows against their MACs; in rows, each once for each way that it is looked at.
        case values
        /// Checks the audit log; in its rows.
        case log
    }

    public let phase: Phase
    /// In the phase's unit.
    public let done: Int64
    /// All there is as far as is known by now; 0 = not known.
    public let total: Int64

    public init(_ phase: Phase, done: Int64 = 0, of total: Int64 = 0) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}

/// Takes word of how far work is: called often, on the thread that works, so it returns at once.
public typealias ProgressReport = @Sendable (WorkProgress) -> Void
