internal import EventCore
internal import TelehealthHandlers
internal import TelehealthRules

extension DaemonConfiguration {
    /// Switches off what is only for people on this machine when others use the service: the development key, and
    /// reflection without a token.
    ///
    /// Asking for either then is refused. Behind a proxy every caller comes from an address of this machine, so a local
    /// listener alone does not mean that only local people call.
    mutating func settleDevelopment(_ reader: inout SettingReader) {
        guard let others = others else { return }
        if identity.acceptsDevelopmentTokens, reader.isChosen("telehealth.developmentTokens") {
            reader.refuse(
                "telehealth.developmentTokens",
                "development tokens are only for people on this machine, but \(others): leave the setting out")
        }
        if offersReflection, reader.isChosen("telehealth.reflection") {
            reader.refuse(
                "telehealth.reflection",
                "reflection without a token is only for people on this machine, but \(others): leave the setting out, and"
                    + " admins can still use reflection")
        }
        identity.acceptsDevelopmentTokens = false
        access.opensReflection = false
    }

    /// Why callers from elsewhere are expected; nil when they are not.
    var others: String? {
        if listeners.contains(where: { !$0.isLocal }) { return "a listener can be reached from other machines" }
        if listeners.contains(where: \.isProxied) || admission.hasProxies {
            return "a proxy forwards calls from elsewhere"
        }
        if identity.issuer != nil { return "an issuer is configured" }
        return Self.isOnThisMachine(policy.frontEndBaseURL) ? nil : "the front end is on another machine"
    }

    /// - Parameter url: http or https, and a host.
    private static func isOnThisMachine(_ url: String) -> Bool {
        let authority = url.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // Text before an @ is a user name, which can be made to look like a host.
        guard !authority.contains("@") else { return false }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return SocketAddress.isThisMachine(host: String(host))
    }
}
