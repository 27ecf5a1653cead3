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
        abstract: "Simulates an Amazon Chime SDK account and an S3 bucket on loopback.",
        discussion: """
            Implements the AWS protocols of Chime SDK Meetings, Chime SDK Media Pipelines, the part of S3 that \
            plays, lists and deletes recordings, and an SQS queue "chime-events" with the events that EventBridge \
            would deliver. It verifies signatures, validates fields, enforces quotas and rates, and ends meetings \
            as AWS does: after 5 minutes without audio, after 24 hours, or when deleted.

            When ready, it prints one line of JSON: its address, region and bucket, and the access key if it \
            generated one. Point any AWS SDK at it:

              AWS_ENDPOINT_URL=http://127.0.0.1:40123 AWS_REGION=us-east-1
              AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...

            Tests inspect and control it under /_simulator, with JSON and without signatures:

              GET  /_simulator/health
              GET  /_simulator/meetings?state=live|ended    default: all
              GET  /_simulator/meetings/{id}
              POST /_simulator/meetings/{id}/end
              GET  /_simulator/attendees
              POST /_simulator/attendees/{id}/join|leave|drop
              POST /_simulator/attendees/{id}/video-start|video-stop
              POST /_simulator/attendees/{id}/content-start|content-stop
              GET  /_simulator/pipelines
              POST /_simulator/pipelines/{id}/fail
              GET  /_simulator/objects                      DELETE …/objects/{key} removes one
              GET  /_simulator/events?after=0&limit=1000    as EventBridge delivers them
              GET  /_simulator/counters                     DELETE resets them to zero
              GET  /_simulator/clock
              POST /_simulator/clock/advance                {"seconds": 300}
              POST /_simulator/clock/freeze|resume          while frozen, only advance moves time
              GET  /_simulator/faults                       DELETE removes all of them
              POST /_simulator/faults                       adds one, as JSON:

              operation       a name such as CreateMeeting; * means all
              count           number of calls it affects; default 1
              status, code    the response, for example 503 and
                              ServiceUnavailableException
              retryAfter      seconds, for a Retry-After header
              delayMs         delay of the response
              dropConnection  true closes the connection instead
              afterEffect     true lets the call take effect first
              outcome         failed or noObject: the result of a concatenation
            """)

    @Option(help: "The loopback address to listen on: 127.0.0.1 or ::1.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 picks a free port.")
    var port: UInt16 = 0

    @Option(help: "The access key id that clients use. Default: random.")
    var accessKeyID: String?

    @Option(
        help: ArgumentHelp(
            "The secret access key. Default: random.",
            discussion:
                "Use the environment variable CHIME_SIMULATOR_SECRET_ACCESS_KEY to keep it out of the process list."))
    var secretAccessKey: String?

    @Option(help: "Require this session token. Default: accept any token, or none.")
    var sessionToken: String?

    @Option(help: "The name of the bucket.")
    var bucket = "telehealth-recordings"

    @Option(help: "The account number in resource names: 12 digits.")
    var account = "111122223333"

    @Flag(inversion: .prefixedNo, help: "Treat new attendees as connected with audio immediately.")
    var autoJoin = true

    @Flag(inversion: .prefixedNo, help: "Throttle calls as AWS does.")
    var throttle = true

    @Option(help: "Calls per second for each meetings operation, and for all pipelines operations together.")
    var throttleRate = 10.0

    @Option(help: "Burst allowed on top of that rate.")
    var throttleBurst = 20.0

    @Option(help: "Maximum number of concurrent meetings.")
    var maxMeetings = 250

    @Option(help: "Maximum number of active media pipelines.")
    var maxPipelines = 100

    @Option(help: "Milliseconds a pipeline spends in each state.")
    var pipelineStepMilliseconds = 1000

    @Option(help: "Milliseconds CreateMeeting takes; meanwhile calls with the same token get a conflict.")
    var creationMilliseconds = 0

    @Option(help: "Maximum number of ended meetings, of finished pipelines and of objects to keep.")
    var maxEnded = 5000

    @Option(help: "Seed of the ids, to repeat a run. Default: random.")
    var seed: UInt64?

    func validate() throws {
        guard host == "127.0.0.1" || host == "::1" else {
            throw ValidationError("--host must be 127.0.0.1 or ::1: the simulator is for this machine only")
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
                "--pipeline-step-milliseconds must be at most 600000, and --creation-milliseconds at most 10000")
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
