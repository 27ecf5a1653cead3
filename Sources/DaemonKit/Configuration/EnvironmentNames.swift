/// Finds variables that look like settings of the daemon and are not: a misspelled one would silently do nothing.
enum EnvironmentNames {
    /// Variables of this project's other programs and scripts, which may share the environment.
    private static let ofOthers: Set<String> = [
        "TELEHEALTH_CONFIG", "TELEHEALTH_TARGET", "TELEHEALTH_TOKEN", "TELEHEALTH_REAL_AWS", "TELEHEALTH_BIN_DIR",
        "TELEHEALTH_SWIFT", "TELEHEALTH_TEST_PYTHON", "TELEHEALTH_TEST_SEED", "TELEHEALTH_SEED",
        "TELEHEALTH_CRASH_ROUNDS", "TELEHEALTH_HISTORIES", "TELEHEALTH_HISTORY_SEED",
    ]

    /// - Returns: their names in alphabetical order; empty variables count as not set.
    static func unknown(in environment: [String: String]) -> [String] {
        let known = Set(SettingTable.all.map(\.environmentName)).union(ofOthers)
        return environment.filter { name, value in
            name.hasPrefix("TELEHEALTH_") && !value.isEmpty && !known.contains(name) && !isOfContainers(name, value)
        }.keys.sorted()
    }

    /// Kubernetes sets variables for each service of the namespace in every container, as Docker's links did:
    /// TELEHEALTH_SERVICE_HOST, TELEHEALTH_PORT_50051_TCP_ADDR, TELEHEALTH_PORT=tcp://10.0.0.7:50051.
    private static func isOfContainers(_ name: String, _ value: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") { return true }
        if name.hasSuffix("_PORT") { return value.contains("://") }
        let protocols = ["_TCP", "_UDP", "_SCTP"]
        return name.contains("_PORT_") && protocols.contains { name.hasSuffix($0) || name.contains($0 + "_") }
    }
}
