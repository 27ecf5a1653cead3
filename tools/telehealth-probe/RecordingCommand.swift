internal import ArgumentParser
internal import Foundation
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

/// Recordings after they were made, from a terminal.
struct RecordingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recording", abstract: "Lists, keeps, proves and plays recordings.",
        discussion: """
            Role admin; on the service's own machine the development key signs such a token by itself. A clinician of the \
            visit may list, play and read manifests, too: --as clinician --clinician-id ID.

              telehealth-probe recording list SESSION
              telehealth-probe recording hold RECORDING --reason "case 12"
              telehealth-probe recording release RECORDING --reason "case closed"
              telehealth-probe recording retain RECORDING \\
                  --until 2033-01-01T00:00:00Z --reason "asked for"
              telehealth-probe recording manifest RECORDING
              telehealth-probe recording manifest RECORDING --canonical > m.json
              telehealth-probe recording play RECORDING

            A hold outweighs an end: what is held is deleted only after its release. The canonical manifest is what the \
            service signs: people, consents and checksums, byte by byte. A playback URL works for minutes and is a secret: whoever \
            has it can watch. Exit codes are the probe's.
            """,
        subcommands: [
            List.self, Hold.self, Release.self, Retain.self, Manifest.self, Play.self,
        ])
}

extension RecordingCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists a visit's recordings, a line each.")
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
            commandName: "hold", abstract: "Puts a recording under legal hold; a second hold changes nothing.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Option(help: "Why, for the record.")
        var reason: String

        func run() async throws {
            try await options.run(doing: "hold") { client in
                let answer = try await client.recordings.setHold(
                    .with { ($0.recordingID, $0.reason) = (recording, reason) })
                try RecordingCommand.show(answer.recording, asJSON: options.json)
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "release", abstract: "Takes a legal hold away; then the recording's end counts again.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Option(help: "Why, for the record.")
        var reason: String

        func run() async throws {
            try await options.run(doing: "release") { client in
                let answer = try await client.recordings.releaseHold(
                    .with { ($0.recordingID, $0.reason) = (recording, reason) })
                try RecordingCommand.show(answer.recording, asJSON: options.json)
            }
        }
    }

    struct Retain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retain", abstract: "Sets until when a recording is kept; an instant that is over deletes it.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Option(help: "The end (RFC 3339, as 2033-01-01T00:00:00Z).")
        var until: String

        @Option(help: "Why, for the record.")
        var reason: String

        func run() async throws {
            let end = try Google_Protobuf_Timestamp(text: until)
            try await options.run(doing: "retain") { client in
                let answer = try await client.recordings.setRetention(
                    .with { ($0.recordingID, $0.retentionEndTime, $0.reason) = (recording, end, reason) })
                try RecordingCommand.show(answer.recording, asJSON: options.json)
            }
        }
    }

    struct Manifest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "manifest", abstract: "What binds a recording's file to its visit, signed by the service.",
            discussion: """
                Without a flag: the manifest, its SHA-256, and signature and key id as 'receipt key' tells the key. \
                Compare object_checksum with the file's own in the bucket.
                """)
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Flag(help: "Only the canonical JSON, byte by byte as it is signed.")
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
            commandName: "play", abstract: "Prints a URL that plays a recording for a few minutes; a secret.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        @Option(help: "What it is watched for: clinical, training or quality-assurance.")
        var purpose: String = "clinical"

        func run() async throws {
            let purposes: [String: Telehealth_V1_RecordingPurpose] = [
                "clinical": .clinical, "training": .training, "quality-assurance": .qualityAssurance,
            ]
            guard let purpose = purposes[purpose] else {
                throw ProbeFailure.usage("--purpose wants one of \(purposes.keys.sorted().joined(separator: ", "))")
            }
            try await options.run(doing: "play") { client in
                let answer = try await client.recordings.getPlaybackUrl(
                    .with { ($0.recordingID, $0.purpose) = (recording, purpose) })
                Terminal.say("\(options.json ? try JSONText.own().line(answer) : answer.url)")
                Terminal.complain("works until \(answer.expireTime.text)")
            }
        }
    }

    /// A line for people, or the whole as JSON.
    fileprivate static func show(_ recording: Telehealth_V1_Recording?, asJSON: Bool) throws {
        guard let recording else { throw ProbeFailure.call("the answer holds no recording") }
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
