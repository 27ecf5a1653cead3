internal import Identity

extension DaemonConfiguration {
    /// Whose tokens are accepted, and which claims are read.
    struct Identity: Sendable {
        var audience: String
        /// nil: development tokens only.
        var issuer: (name: String, keys: KeySource)?
        var claims: ClaimNames
        var reload: Duration
        var acceptsDevelopmentTokens: Bool

        var keySetFile: String? {
            if case .file(let path)? = issuer?.keys { path } else { nil }
        }

        init(_ reader: inout SettingReader) {
            audience = reader.text("telehealth.audience")
            // Else a token without an audience would be accepted.
            if audience.isEmpty { reader.refuse("telehealth.audience", "must not be empty: use the name that your issuer puts into aud") }
            issuer = Self.issuer(&reader)
            claims = ClaimNames(
                role: reader.text("telehealth.roleClaim"), person: reader.text("telehealth.personClaim"),
                clinician: reader.text("telehealth.clinicianClaim"))
            reload = reader.duration("telehealth.jwksReload")
            acceptsDevelopmentTokens = reader.boolean("telehealth.developmentTokens")
            for fault in claims.faults { reader.refuse("telehealth.\(fault.part.rawValue)Claim", fault.sentence) }
        }

        /// With the place of its keys: as a setting says, else as its discovery document does.
        private static func issuer(_ reader: inout SettingReader) -> (name: String, keys: KeySource)? {
            let key = "telehealth.issuer"
            let name = reader.text(key)
            let file = reader.optionalText("telehealth.jwksFile")
            let url = reader.optionalURL("telehealth.jwksUrl")
            if file != nil, url != nil { reader.refuse("telehealth.jwksUrl", "--jwks-file is set too: keep one of them") }
            if let keys = url.map(KeySource.url) ?? file.map(KeySource.file) {
                if name.isEmpty { reader.refuse(key, "missing: name the issuer whose key set --jwks-file or --jwks-url is") }
                return (name, keys)
            }
            if name.isEmpty { return nil }
            do throws(IssuerAddress.Fault) {
                return (name, .discovery(try IssuerAddress(name)))
            } catch {
                reader.refuse(key, "'\(name)' \(error)")
                return nil
            }
        }
    }
}
