extension DaemonCommandLine {
    /// The text of `--help`, as wide as a terminal of 120 columns but for the meanings of settings.
    static var help: String {
        var text = introduction
        for group in SettingTable.groups {
            text += "\n\(group.title)\n\n"
            for setting in group.settings {
                let fallback = setting.fallback.isEmpty ? "" : " (default \(setting.fallback))"
                let range = setting.kind.range.map { "; \($0)" } ?? ""
                text += "  \(setting.flag)   \(setting.environmentName)   \(setting.key)\n"
                text += "      \(setting.meaning)\(range)\(fallback)\n"
            }
        }
        return text
    }

    private static let introduction = """
        telehealthd serves telehealth visits over gRPC.

        Usage: telehealthd [--config FILE] [--print-config] [FLAG VALUE]...
               telehealthd keys list | create | rotate | remove ID | rotate-receipts [FLAG VALUE]...

          --config FILE      Read settings from this JSON file too; TELEHEALTH_CONFIG names it as well
          --print-config     Print every setting in force with its source, and exit; serves nothing
          --help             Print this text and exit

        Examples

          Try it on this machine, with a Chime simulator on port 4600:
            telehealthd --data-dir ./data --aws-endpoint-url http://127.0.0.1:4600

          Serve a clinic: TLS, an identity provider's tokens, and recordings in a bucket:
            telehealthd --data-dir /var/lib/telehealth --listen 0.0.0.0:443 \\
              --tls-certificate chain.pem --tls-key key.pem \\
              --issuer https://login.clinic.example --frontend-url https://visits.clinic.example \\
              --aws-region us-east-1 --aws-s3-recordings-bucket clinic-recordings

          See what a configuration means before it is used:
            telehealthd --config telehealth.json --print-config

          Replace the key that seals personal data; a running service follows within a second:
            telehealthd keys rotate --data-dir /var/lib/telehealth

        Where settings come from

          A flag overrides an environment variable, which overrides the file, which overrides the default. A boolean
          flag alone means true. In the file a setting's place is its key, so telehealth.lateJoin and aws.region are
            {"telehealth": {"lateJoin": "20m"}, "aws": {"region": "us-west-2"}}
          Unknown names and values outside their range are refused. A time is a whole number with a unit: 200ms, 15s,
          15m, 24h, 365d. Lists are separated by commas; in the file they may be lists.

          AWS credentials are found where the AWS tools look: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a container's
          endpoint, a web identity, instance metadata. Secrets are never settings; keys lie in files.

        Signals

          SIGTERM, SIGINT    Stop cleanly, within --shutdown-grace
          SIGHUP             Read certificates, key sets and key files again

        Exit codes

          0  clean stop, or the text that was asked for
          1  the service could not start or serve; standard error says why
          2  wrong command line or configuration; nothing was created

        Each setting below: flag, environment variable, key in the file; then meaning, allowed values and default.

        """
}
