internal import ArgumentParser
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TelehealthModel
internal import TextFormats

/// An operator's commands for a running service.
struct OperateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operate",
        abstract: "Operate a running service: status, backup, check, failed operations.",
        discussion: """
            Needs role admin; on the service's own machine the probe signs such a token with the development key.

              telehealth-probe operate status
              telehealth-probe operate backup
              telehealth-probe operate failed            # which operations failed, and why
              telehealth-probe operate retry OPERATION   # retry one
              telehealth-probe operate capture RECORDING # its ids at AWS
            """,
        subcommands: [
            StatusCommand.self, BackupCommand.self, CheckCommand.self, FailedCommand.self, RetryCommand.self,
            CaptureCommand.self,
        ])
}

/// The connection and the identity of an operator's call.
struct OperatorOptions: ParsableArguments {
    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions

    @Flag(help: "Print JSON.")
    var json = false

    /// Runs `body` with a client that calls as an admin, and explains failures.
    func run(doing what: DisplayText, _ body: (TelehealthClient) async throws -> Void) async throws {
        let given = try identity.token(for: target)
        if given == nil { try target.requirePrivacy(forTokenOf: "the development key") }
        let token = try given ?? DevelopmentTokens(directory: identity.dataDir).token(.admin)
        try await withClient(
            target, identity, token: token, doing: what, configure: { $0.timeout = target.timeout.finite }, body)
    }
}

extension OperateCommand {
    struct StatusCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Show the status of the service, its database and its outbound operations.",
            discussion: "Exits with status 4 when an operator must act: the database accepts no changes, "
                + "an operation failed, or AWS refuses operations.")
        @OptionGroup var options: OperatorOptions

        private static func words(_ status: Telehealth_V1_GetServiceStatusResponse) -> String {
            if status.storeState == .full {
                return "DISK FULL: \(status.storeFreeBytes >> 10) KiB free of \(status.storeSizeBytes >> 10) KiB"
            }
            return status.writable ? "accepts changes" : "READ-ONLY: see the service's log"
        }

        func run() async throws {
            try await options.run(doing: "status") { client in
                let status = try await client.operations.getServiceStatus()
                if options.json {
                    Terminal.say("\(try JSONText.own().line(status))")
                } else {
                    let database = status.database ?? .init()
                    Terminal.say(
                        """
                        database         \(Self.words(status))
                        commits          \(database.commits) for \(database.decisions) changes, \
                        \(database.conflicts) evaluated again
                        waiting writes   \(database.queuedWrites), refused \(database.refusedWrites)
                        log pages        \(database.walPages)
                        operations       \(status.pendingOperations) pending (\(status.refusedOperations) refused by AWS), \
                        \(status.failedOperations) failed
                        open watches     \(status.openWatches)
                        """)
                }
                if let trouble = status.trouble { throw ProbeFailure.unhealthy(trouble) }
            }
        }
    }

    struct BackupCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "backup", abstract: "Copy the database into the service's backup directory.",
            discussion: "--timeout limits the wait for the service's first response, not the copy. Ending this program "
                + "does not stop the copy.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.run(doing: "backup") { client in
                defer { Terminal.endProgress() }
                let backup = try await client.operations.backUpDatabase { Terminal.progress($0.words) }
                Terminal.endProgress()
                Terminal.say(
                    options.json
                        ? "\(try JSONText.own().line(backup))" : "\(backup.fileName), \(backup.byteCount) bytes")
            }
        }
    }

    struct CheckCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Check the whole database for damage.",
            discussion: "Exits with status 4 when the database is damaged.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.run(doing: "check") { client in
                defer { Terminal.endProgress() }
                let problems = try await client.operations.checkDatabase { Terminal.progress($0.words) }
                Terminal.endProgress()
                if options.json {
                    Terminal.say("\(try JSONText.own().line(Telehealth_V1_DatabaseCheck.with { $0.problems = problems }))")
                } else {
                    for problem in problems { Terminal.say("\(problem)") }
                    if problems.isEmpty { Terminal.say("sound") }
                }
                guard problems.isEmpty else { throw ProbeFailure.unhealthy("the database is damaged") }
            }
        }
    }

    struct FailedCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "failed", abstract: "List failed outbound operations, oldest first.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.run(doing: "failed") { client in
                let messages = try JSONText.own()
                var request = Telehealth_V1_ListFailedOperationsRequest()
                repeat {
                    let page = try await client.operations.listFailedOperations(request)
                    for operation in page.operations {
                        Terminal.say(
                            options.json
                                ? "\(try messages.line(operation))"
                                : "\(operation.operationID)  \(operation.kind)  \(operation.attempts) attempts  "
                                    + "\(operation.lastError)  session \(operation.sessionID)")
                    }
                    request.pageToken = page.nextPageToken
                } while !request.pageToken.isEmpty
            }
        }
    }

    struct RetryCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Retry a failed outbound operation.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The operation's id, as shown by 'operate failed'.")
        var operationID: String

        func run() async throws {
            try await options.run(doing: "retry") { client in
                _ = try await client.operations.retryOperation(.with { $0.operationID = operationID })
                Terminal.say(options.json ? "{}" : "pending again")
            }
        }
    }

    struct CaptureCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "capture",
            abstract: "Show AWS's ids of a recording, its meeting and its pipelines, for a support case.")
        @OptionGroup var options: OperatorOptions

        @Argument(help: "The recording's id.")
        var recording: String

        func run() async throws {
            try await options.run(doing: "capture") { client in
                let answer = try await client.operations
                    .getRecordingProviderDetails(.with { $0.recordingID = recording })
                if options.json { return Terminal.say("\(try JSONText.own().line(answer))") }
                guard let chime = answer.chime else {
                throw ProbeFailure.call("the recording is not with Chime; update this program")
            }
                Terminal.say(
                    """
                    meeting        \(chime.meetingID)  \(chime.meetingArn)
                    capture        \(chime.capturePipelineID)  \(chime.capturePipelineArn)
                    concatenation  \(chime.concatenationPipelineID)
                    region         \(chime.controlRegion)
                    objects        s3://\(chime.bucket)/\(chime.keyPrefix)
                    """)
            }
        }
    }
}

extension Telehealth_V1_GetServiceStatusResponse {
    /// What a person has to look at; nil when all is well.
    fileprivate var trouble: DisplayText? {
        if !writable { return "the database accepts no changes" }
        if failedOperations > 0 { return "outbound operations failed: see 'operate failed'" }
        if refusedOperations > 0 { return "AWS refuses operations: check credentials, permissions, clock and quotas" }
        return nil
    }
}
