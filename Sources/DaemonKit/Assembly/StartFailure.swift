internal import FoundationEssentials

/// Why the daemon could not start, in words for the operator: the thing with its file and its setting, and what is
/// wrong with it.
struct StartFailure: Error, CustomStringConvertible {
    let what: String
    let cause: any Error

    var description: String {
        // Foundation's errors print as values, not as sentences.
        cause is CocoaError ? "\(what): the service's user cannot read or create it; check owner and permissions" : "\(what): \(cause)"
    }

    /// Runs a step of the start and names the thing in its failure.
    ///
    /// - Parameter what: the thing, its place, and the flag that chooses another.
    /// - Throws: ``StartFailure``; a ``ConfigurationFailure`` unchanged, which names its setting itself.
    static func naming<Value>(_ what: String, _ step: () throws -> Value) throws -> Value {
        do { return try step() } catch { throw explained(what, error) }
    }

    static func naming<Value>(_ what: String, _ step: () async throws -> Value) async throws -> Value {
        do { return try await step() } catch { throw explained(what, error) }
    }

    private static func explained(_ what: String, _ error: any Error) -> any Error {
        error is ConfigurationFailure ? error : StartFailure(what: what, cause: error)
    }
}
