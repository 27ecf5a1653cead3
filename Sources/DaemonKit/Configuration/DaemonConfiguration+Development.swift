internal import EventCore
internal import TelehealthCore
internal import TelehealthHandlers

extension DaemonConfiguration {
    /// What counts only while the people at this machine are the only ones who use it: the development key, and
    /// reflection without a token.
    ///
    /// Both are off by themselves when others use it, and asking for them then is refused: behind a proxy everybody
    /// comes from an address of this machine.
    mutating func settleDevelopment(_ reader: inout SettingReader) {
        guard let others = others else { return }
        if identity.acceptsDevelopmentTokens, reader.isChosen("telehealth.developmentTokens") {
            reader.refuse(
                "telehealth.developmentTokens", "the development key counts only for people at this machine, but \(others)")
        }
        if offersReflection, reader.isChosen("telehealth.reflection") {
            reader.refuse(
                "telehealth.reflection",
                "reflection is open only to people at this machine, but \(others); leave it out: admins may ask for it")
        }
        identity.acceptsDevelopmentTokens = false
        access.opensReflection = false
    }

    /// Why others than the people at this machine are expected; nil when they are not.
    var others: String? {
        if listeners.contains(where: { !$0.isLocal }) { return "a listener is reached by other machines" }
        if listeners.contains(where: \.isProxied) || admission.hasProxies {
            return "a proxy brings the calls of others"
        }
        if identity.issuer != nil { return "an issuer is named" }
        return Self.isOnThisMachine(policy.frontEndBaseURL) ? nil : "the front end is on another machine"
    }

    /// - Parameter url: http or https, and a host.
    private static func isOnThisMachine(_ url: String) -> Bool {
        let authority = url.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // What stands before an @ is a user's name, and a host can be made to look like one.
        guard !authority.contains("@") else { return false }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return SocketAddress.isThisMachine(host: String(host))
    }
}
