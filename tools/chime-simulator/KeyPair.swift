internal import Glibc

/// The key pair of one run: given by option or environment, else made at random. It opens nothing but this
/// process.
struct KeyPair: Sendable {
    let accessKeyID: String
    let secretAccessKey: String
    let isSecretMade: Bool

    init(accessKeyID: String?, secretAccessKey: String?) {
        self.accessKeyID =
            accessKeyID ?? Self.environment("CHIME_SIMULATOR_ACCESS_KEY_ID")
            ?? "SIMULATOR" + Self.random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count: 11)
        if let secret = secretAccessKey ?? Self.environment("CHIME_SIMULATOR_SECRET_ACCESS_KEY") {
            self.secretAccessKey = secret
            isSecretMade = false
        } else {
            self.secretAccessKey = Self.random(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", count: 40)
            isSecretMade = true
        }
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func random(_ alphabet: String, count: Int) -> String {
        let characters = Array(alphabet)
        return String((0..<count).map { _ in characters[Int.random(in: 0..<characters.count)] })
    }
}
