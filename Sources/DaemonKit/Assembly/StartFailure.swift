internal import FoundationEssentials

/// Why the daemon does not serve, in words for the operator: what it was about, with its file and its setting, and
/// what was wrong with it.
struct StartFailure: Error, CustomStringConvertible {
    let what: String
    let cause: any Error

    var description: String {
        // Foundation's errors describe themselves as values; what is meant is said here.
        cause is CocoaError ? "\(what): it cannot be read or made by the service's user" : "\(what): \(cause)"
    }

    /// Runs a step of the start, whose failure then says what it was about.
    ///
    /// - Parameter what: the thing, its place, and the flag that names another.
    /// - Throws: ``StartFailure``; a ``ConfigurationFailure`` as it is, which names its setting itself.
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
