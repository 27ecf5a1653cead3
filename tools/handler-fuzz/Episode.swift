internal import ProtobufReflection
internal import ProtobufWire
internal import RPCModel
internal import ServiceSimulation
internal import Synchronization
internal import TelehealthModel
internal import TextFormats
internal import VisitSimulation

/// Some hundred calls to one clinic, with time passing between them.
struct Episode {
    /// Turns of the worker that a call may wait for; more means that it hangs.
    private static let turnsMax = 50_000
    /// Messages taken of a stream before it is let go.
    private static let streamedMax = 64

    let world: World
    let methods: [World.Method]
    let name: String
    var scene: Scene

    /// What the clinic's calls are mostly about.
    private let targets: [String]
    /// What is likely next, by whom: what was begun is ended.
    private var next: (call: String, token: String, role: String)?

    /// - Parameter rare: a call that was OK too seldom; the clinic opens where it means something.
    init(seed: UInt64, methods: [World.Method], rare: String, plantsTrap: Bool) async throws {
        var random = SeededRandom(seed: seed)
        let plan = Plan(for: rare)
        targets = plan.calls
        let stage = (Int.random(in: 0..<4, using: &random) == 0 ? SimulatedClinic.Stage.allCases : plan.stages)
            .randomElement(using: &random) ?? .visiting
        let world = try await World(seed: seed, stage: stage, plantsTrap: plantsTrap)
        self.world = world
        self.methods = methods
        name = "seed \(seed), stage \(stage.rawValue)"
        scene = Scene(random: random, rows: world.clinic.rows, now: world.clinic.time.now) {
            [clinic = world.clinic] in clinic.event($0, of: $1, user: $2, number: $3)
        }
    }

    mutating func run(calls: Int, _ tally: inout Tally, _ sweep: inout Sweep) async {
        for number in 1...calls {
            await pass()
            scene.look(at: world.clinic)
            let swept = scene.chance(0.25) ? sweep.next() : nil
            let begun = swept == nil && scene.chance(0.4) ? next : nil
            guard let method = swept.map({ methods[$0.method] }) ?? method(begun?.call) else { continue }
            let (token, role) = begun.map { ($0.token, $0.role) } ?? caller(of: method)
            let (type, name) = (method.request, method.descriptor.name)
            let isLeader = role.hasPrefix("clinician")
            let request =
                swept.map { RequestMaker.request(of: type, method: name, isLeader: isLeader, with: $0, &scene) }
                ?? RequestMaker.request(of: type, method: name, isLeader: isLeader, &scene)
            // Bytes that are not messages are left to the fuzzing of decoders.
            guard (try? DynamicMessage(method.request, decoding: request)) != nil else { continue }
            let call = "\(self.name), call \(number): \(method.descriptor) as \(role), \(request.count) bytes"
            LastCall.note("\(call)\n\(Hex.encode(request.prefix(2_000)))")
            guard let outcome = await perform(method, request, token: token) else {
                tally.fault("\(call): no response")
                return
            }
            tally.note(method.descriptor.path, outcome, isSwept: swept != nil)
            if outcome.isOK {
                next = Plan.sequel(of: method.descriptor.name).map { ($0, token, role) } ?? next
            }
            keep(outcome, of: method)
            if outcome.isFault {
                let code = outcome.code.map { "\($0)" } ?? ""
                tally.fault("\(call): \(code) \(outcome.reason)\n\(Hex.encode(request.prefix(400)))")
            }
            for broken in method.promise.broken(by: outcome) { tally.fault("\(call): \(broken)") }
            for violation in world.clinic.takeViolations() { tally.fault("\(call): \(violation)") }
            for state in world.clinic.rows.sessions { tally.saw(status: state.session.status.rawValue) }
        }
    }

    /// The call of a name; without one, what the clinic is about, or any.
    private mutating func method(_ name: String?) -> World.Method? {
        let target = name ?? (scene.chance(0.6) ? scene.pick(targets) : nil)
        return target.flatMap { name in methods.first { $0.descriptor.name == name } } ?? scene.pick(methods)
    }

    private mutating func pass() async {
        if scene.chance(0.3) { await world.clinic.live(for: .seconds(scene.number(1...20))) }
        if scene.chance(0.02) { await world.clinic.live(for: .seconds(scene.number(60...900))) }
        if scene.chance(0.01) { world.clinic.disturb(Int(scene.number(0...9))) }
    }

    /// Mostly somebody who may, and who has to do with the visit.
    private mutating func caller(of method: World.Method) -> (token: String, role: String) {
        let passes = scene.harvest["RedeemInvitation.token"]
        let isAnybody = scene.chance(0.04)
        let fitting = People.all.filter { isAnybody || method.roles.contains($0.role) }
        if method.roles.contains(.guest), scene.chance(0.12), let pass = scene.pick(passes) { return (pass, "guest") }
        let own = fitting.filter { ["clinician-1", "client-1"].contains($0.id) }
        let chosen = (scene.chance(0.75) ? scene.pick(own) : nil) ?? scene.pick(fitting)
        guard let chosen else { return (People.token(.admin, "admin"), "admin") }
        return (People.token(chosen.role, chosen.id), "\(chosen.role) \(chosen.id)")
    }

    /// - Returns: nil when it hangs.
    private func perform(_ method: World.Method, _ request: [UInt8], token: String) async -> Outcome? {
        let channel = world.channel
        let isDone = Atomic(false)
        async let outcome = Self.call(channel, method.descriptor, request, token: token, isDone)
        var turns = 0
        while !isDone.load(ordering: .acquiring) {
            await world.clinic.work()
            await Task.yield()
            turns += 1
            if turns % 100 == 0 { await world.clinic.live(for: .milliseconds(250)) }
            // The task cannot be waited for: whoever reads the report sees the call.
            if turns > Self.turnsMax { return nil }
        }
        return await outcome
    }

    private static func call(
        _ channel: any CallChannel, _ method: MethodDescriptor, _ request: [UInt8], token: String,
        _ isDone: borrowing Atomic<Bool>
    ) async -> Outcome {
        defer { isDone.store(true, ordering: .releasing) }
        var options = CallOptions()
        options.metadata.append("authorization", "Bearer \(token)")
        let call: BidirectionalCall<RawMessage, RawMessage> = channel.bidirectional(method, options: options)
        do {
            try await call.write(RawMessage(bytes: request))
            call.finishWriting()
            var first: [UInt8]?
            var count = 0
            if method.name == "WatchSession" {
                // Open until the visit is over: that it began is what can be waited for.
                _ = try await call.responses.initialMetadata
                call.cancel()
                return Outcome(answer: [])
            }
            for try await response in call.responses {
                first = first ?? response.bytes
                count += 1
                // Open until it is cancelled: more than the beginning cannot be waited for.
                if count >= streamedMax || method.name == "WatchSessions" { break }
            }
            call.cancel()
            return Outcome(answer: first)
        } catch {
            return Outcome(error)
        }
    }

    /// Remembers what later requests may bring back.
    private mutating func keep(_ outcome: Outcome, of method: World.Method) {
        guard let answer = outcome.answer, let message = try? DynamicMessage(method.response, decoding: answer) else {
            return
        }
        for (field, value) in message.fields {
            guard case .string(let text) = value else { continue }
            scene.harvest.keep(text, of: field.name)
            scene.harvest.keep(text, of: "\(method.descriptor.name).\(field.name)")
        }
    }
}
