internal import ArgumentParser
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

/// Commands for finished recordings.
struct RecordingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recording", abstract: "List, retain, document and play recordings.",
        discussion: """
            Needs role admin; on the service's own machine the probe signs such a token with the development key. A \
            clinician of the visit may also list, play and read manifests: --as clinician --clinician-id ID.

              telehealth-probe recording list SESSION
              telehealth-probe recording hold RECORDING --reason "case 12"
              telehealth-probe recording release RECORDING --reason "case closed"
              telehealth-probe recording retain RECORDING \\
                  --until 2033-01-01T00:00:00Z --reason "asked for"
              telehealth-probe recording manifest RECORDING
              telehealth-probe recording manifest RECORDING --canonical > m.json
              telehealth-probe recording play RECORDING

            A recording under hold is not deleted before its release, whatever its retention. The canonical manifest is \
            exactly what the service signs: people, consents and checksums. A playback URL works for a few minutes and is a \
            secret: whoever has it can play the recording. Exit status as of the probe.
            """,
        subcommands: [
            List.self, Hold.self, Release.self, Retain.self, Manifest.self, Play.self,
        ])
}

extension RecordingCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List a visit's recordings, one per line.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The session's id.")
        var session: String

        func run() async throws {
            try await options.run(doing: "list") { client in
                var request = Telehealth_V1_ListRecordingsRequest.with { $0.sessionID = session }
                repeat {
                    let page = try await client.recordings.list(request)
                    for recording in page.recordings { try RecordingCommand.show(recording, asJSON: options.json) }
                    request.pageToken = page.nextPageToken
                } while !request.pageToken.isEmpty
            }
        }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hold", abstract: "Place a recording under legal hold; a second hold changes nothing.")
        @OptionGroup var change: RecordingChange

        func run() async throws {
            try await change.run(doing: "hold") { client in
                try await client.recordings.setHold(
                    .with { ($0.recordingID, $0.reason) = (change.recording, change.reason) }
                ).recording
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "release", abstract: "Release a legal hold; the recording's retention applies again.")
        @OptionGroup var change: RecordingChange

        func run() async throws {
            try await change.run(doing: "release") { client in
                try await client.recordings.releaseHold(
                    .with { ($0.recordingID, $0.reason) = (change.recording, change.reason) }
                ).recording
            }
        }
    }

    struct Retain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retain", abstract: "Set how long a recording is kept; a past time deletes it.")
        @OptionGroup var change: RecordingChange

        @Option(help: "The end of retention (RFC 3339, for example 2033-01-01T00:00:00Z).")
        var until: String

        func run() async throws {
            let end = try Google_Protobuf_Timestamp(text: until)
            try await change.run(doing: "retain") { client in
                try await client.recordings.setRetention(
                    .with { ($0.recordingID, $0.retentionEndTime, $0.reason) = (change.recording, end, change.reason) }
                ).recording
            }
        }
    }

    struct Manifest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "manifest", abstract: "Print the signed facts that tie a recording's file to its visit.",
            discussion: """
                Without --canonical: the manifest, its SHA-256, the signature and the id of its key; 'receipt key' prints \
                the key. Compare object_checksum with the checksum of the file in the bucket.
                """)
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Flag(help: "Print only the canonical JSON, exactly the signed bytes.")
        var canonical = false

        func run() async throws {
            try await options.run(doing: "manifest") { client in
                let answer = try await client.recordings.getManifest(.with { $0.recordingID = recording })
                if canonical {
                    Terminal.say(document: answer.canonicalJson)
                } else if options.json {
                    Terminal.say("\(try JSONText.own().line(answer))")
                } else {
                    Terminal.say("\(lines: String(decoding: answer.canonicalJson, as: UTF8.self))")
                    Terminal.say("sha256     \(Hex.encode(answer.sha256))")
                    Terminal.say("signature  \(Hex.encode(answer.signature))")
                    Terminal.say("key        \(answer.signatureKeyID)")
                }
            }
        }
    }

    struct Play: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "play", abstract: "Print a URL that plays a recording for a few minutes. The URL is a secret.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Option(help: "The purpose: clinical, training or quality-assurance.")
        var purpose: String = "clinical"

        func run() async throws {
            let purposes: [String: Telehealth_V1_RecordingPurpose] = [
                "clinical": .clinical, "training": .training, "quality-assurance": .qualityAssurance,
            ]
            guard let purpose = purposes[purpose] else {
                throw ProbeFailure.usage("--purpose must be one of \(purposes.keys.sorted().joined(separator: ", "))")
            }
            try await options.run(doing: "play") { client in
                let answer = try await client.recordings.getPlaybackUrl(
                    .with { ($0.recordingID, $0.purpose) = (recording, purpose) })
                Terminal.say("\(options.json ? try JSONText.own().line(answer) : answer.url)")
                Terminal.complain("valid until \(answer.expireTime.text)")
            }
        }
    }

    /// One line for people, or the whole message as JSON.
    static func show(_ recording: Telehealth_V1_Recording?, asJSON: Bool) throws {
        guard let recording else { throw ProbeFailure.call("the response contains no recording") }
        if asJSON { return Terminal.say("\(try JSONText.own().line(recording))") }
        var parts: [DisplayText] = [
            "\(recording.recordingID)", "\(recording.state)", "\(recording.purpose)",
            "from \(recording.startTime.text) to \(recording.endTime.text)",
        ]
        if !recording.failureReason.isEmpty { parts.append("\(recording.failureReason)") }
        if let end = recording.retentionEndTime { parts.append("kept until \(Optional(end).text)") }
        if recording.hold != nil { parts.append(Terminal.styled("HELD", .bold)) }
        if recording.consentRevokeTime != nil { parts.append("a consent was revoked") }
        Terminal.say(parts.joined(separator: "  "))
    }
}
