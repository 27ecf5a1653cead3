internal import ArgumentParser
internal import ChimeSimulation
internal import Glibc
internal import ProgramEdge

@main
enum Entry {
    static func main() {
        Program.begin(holdsSecrets: true)
        TerminationSignal.takeOver()
        // Before other threads exist: to leave over a wrong word while they run would race with them.
        let simulator = ChimeSimulator.parseOrExit()
        // Detached, because `main` is on the main actor, whose thread waits below. It lives as long as the
        // process does, and ends by itself only when the port is at fault.
        Task.detached {
            do { try await simulator.run() } catch { ChimeSimulator.exit(withError: error) }
            exit(EXIT_SUCCESS)
        }
        TerminationSignal.waitOnThisThread()
        // Everything is in memory, and meant to be gone.
        exit(EXIT_SUCCESS)
    }
}

struct ChimeSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chime-simulator",
        abstract: "An Amazon Chime SDK account and an S3 bucket on loopback.",
        discussion: """
            Speaks the AWS wire protocol of Chime SDK Meetings, Chime SDK Media Pipelines and as much of S3 as \
            plays, lists and deletes recordings, and the SQS queue "chime-events" with the events that \
            EventBridge would bring. Signatures are verified, fields validated, quotas and rates enforced, and \
            meetings end as AWS ends them: 5 minutes without audio, 24 hours after creation, or when deleted.

            When it is ready it prints one line of JSON: its address, the region and bucket of its examples, \
            and the key pair, if it made one itself. Point any AWS SDK at it:

              AWS_ENDPOINT_URL=http://127.0.0.1:40123 AWS_REGION=us-east-1
              AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...

            Tests look and steer under /_simulator, JSON both ways, without signatures:

              GET  /_simulator/health
              GET  /_simulator/meetings?state=live|ended    or all of them
              GET  /_simulator/meetings/{id}
              POST /_simulator/meetings/{id}/end
              GET  /_simulator/attendees
              POST /_simulator/attendees/{id}/join|leave|drop
              POST /_simulator/attendees/{id}/video-start|video-stop
              POST /_simulator/attendees/{id}/content-start|content-stop
              GET  /_simulator/pipelines
              POST /_simulator/pipelines/{id}/fail
              GET  /_simulator/objects                      DELETE …/objects/{key} loses one
              GET  /_simulator/events?after=0&limit=1000    as EventBridge delivers them
              GET  /_simulator/counters                     DELETE sets them to zero
              GET  /_simulator/clock
              POST /_simulator/clock/advance                {"seconds": 300}
              POST /_simulator/clock/freeze|resume          time stands still but for advance
              GET  /_simulator/faults                       DELETE takes all of them back
              POST /_simulator/faults                       order one, as JSON:

              operation       a name such as CreateMeeting; * is every one
              count           how many calls it meets; 1
              status, code    what they are answered, 503 and
                              ServiceUnavailableException, say
              retryAfter      seconds, for a Retry-After header
              delayMs         the answer leaves this much later
              dropConnection  true closes the connection instead
              afterEffect     true lets the call take effect first
              outcome         failed or noObject: how a concatenation ends
            """)

    @Option(help: "The loopback address to listen on: 127.0.0.1 or ::1.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: UInt16 = 0

    @Option(help: "The access key that clients sign with; made at random when absent.")
    var accessKeyID: String?

    @Option(
        help: ArgumentHelp(
            "The secret of that key; made at random when absent.",
            discussion:
                "CHIME_SIMULATOR_SECRET_ACCESS_KEY in the environment keeps it out of the process list."))
    var secretAccessKey: String?

    @Option(help: "Demand this session token; without the option any token is accepted, and none too.")
    var sessionToken: String?

    @Option(help: "The bucket that exists.")
    var bucket = "telehealth-recordings"

    @Option(help: "The account number in resource names, 12 digits.")
    var account = "111122223333"

    @Flag(inversion: .prefixedNo, help: "Let new attendees count as connected with audio at once.")
    var autoJoin = true

    @Flag(inversion: .prefixedNo, help: "Limit the rate of calls as AWS does.")
    var throttle = true

    @Option(help: "Calls per second of each meetings operation, and of all pipelines operations together.")
    var throttleRate = 10.0

    @Option(help: "Calls that may come at once on top of that.")
    var throttleBurst = 20.0

    @Option(help: "Concurrent meetings of the account.")
    var maxMeetings = 250

    @Option(help: "Active media pipelines of the account.")
    var maxPipelines = 100

    @Option(help: "Milliseconds that a pipeline takes from one state to the next.")
    var pipelineStepMilliseconds = 1000

    @Option(help: "Milliseconds that CreateMeeting takes; meanwhile the same token meets a conflict.")
    var creationMilliseconds = 0

    @Option(help: "Ended meetings, finished pipelines and objects to remember, of each.")
    var maxEnded = 5000

    @Option(help: "Seed of the identifiers, to repeat a run; random when absent.")
    var seed: UInt64?

    func validate() throws {
        guard host == "127.0.0.1" || host == "::1" else {
            throw ValidationError("--host must be 127.0.0.1 or ::1: the simulator faces no network")
        }
        guard bucket.wholeMatch(of: /[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/) != nil,
            bucket != "meetings", !bucket.hasPrefix("sdk-media-")
        else { throw ValidationError("--bucket must be a bucket name of 3 to 63 characters") }
        guard account.wholeMatch(of: /[0-9]{12}/) != nil else {
            throw ValidationError("--account must have 12 digits")
        }
        guard (0.001...1_000_000).contains(throttleRate), (1...1_000_000).contains(throttleBurst) else {
            throw ValidationError("--throttle-rate must be 0.001 to 1000000, --throttle-burst 1 to 1000000")
        }
        guard maxMeetings >= 1, maxPipelines >= 1, maxEnded >= 1 else {
            throw ValidationError("--max-meetings, --max-pipelines and --max-ended must be at least 1")
        }
        guard (1...600_000).contains(pipelineStepMilliseconds), (0...10_000).contains(creationMilliseconds)
        else {
            throw ValidationError(
                "--pipeline-step-milliseconds is at most 600000, --creation-milliseconds 10000")
        }
    }

    func run() async throws {
        let identity = KeyPair(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey)
        var configuration = Configuration(
            credentials: Credentials(
                accessKeyID: identity.accessKeyID, secretAccessKey: identity.secretAccessKey,
                sessionToken: sessionToken))
        configuration.accountID = account
        configuration.bucket = bucket
        configuration.autoJoins = autoJoin
        configuration.throttle =
            throttle ? ThrottleLimits(ratePerSecond: throttleRate, burst: throttleBurst) : nil
        configuration.meetingsMax = maxMeetings
        configuration.pipelinesMax = maxPipelines
        configuration.pipelineStep = .milliseconds(pipelineStepMilliseconds)
        configuration.creationDelay = .milliseconds(creationMilliseconds)
        configuration.endedMax = maxEnded
        configuration.seed = seed ?? UInt64.random(in: .min ... .max)

        let server = try SimulatorServer(
            host: host, port: port, chime: SimulatedChime(configuration: configuration))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { announce(address: try await server.waitUntilListening(), identity) }
            // A port that cannot be had fails the first task, and its error is the one to show.
            try await group.waitForAll()
        }
    }

    /// One line of JSON on standard output. A secret that the caller gave is not repeated.
    private func announce(address: String, _ identity: KeyPair) {
        let line: JSONValue = [
            "address": .string(address), "region": "us-east-1", "bucket": .string(bucket),
            "accessKeyId": .string(identity.accessKeyID),
            "secretAccessKey": identity.isSecretMade ? .string(identity.secretAccessKey) : nil,
        ]
        StandardStream.output.write(line.serialized() + [UInt8(ascii: "\n")])
    }
}
