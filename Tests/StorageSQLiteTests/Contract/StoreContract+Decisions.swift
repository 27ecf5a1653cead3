import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    static let decisionPromises = [
        StorePromise("each expectation holds for the version that is there and for no other") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await store.commit(
                Decision([
                    .consentVersion("client-1", 3), .effect(Sample.effect("e-1", session: "a", sequence: 1)),
                    .document(document("1.0")),
                ]))
            let claimed = try await store.operations.claimEffects(limit: 1, now: Sample.at(1), lease: .seconds(5))
            #expect(claimed.map(\.fence) == [1])
            let holding: [Decision.Expectation] = [
                .appointment("appt-a", version: 1), .appointment("appt-none", version: 0),
                .session("session-a", version: 1), .session("session-none", version: 0),
                .session("session-a", version: 1, lastEvent: 0), .session("session-none", version: 0, lastEvent: 0),
                .consents("client-1", version: 3), .consents("nobody", version: 0),
                .noOtherOpenSession("appt-a", except: "session-a"),
                .noOtherOpenSession("appt-none", except: nil),
                .effect("e-1", fence: 1), .documentAbsent(.recording, version: "2.0", language: "en"),
                .documentAbsent(.recording, version: "1.0", language: "es"),
                .documentAbsent(.hipaaTelehealth, version: "1.0", language: "en"),
            ]
            let failing: [Decision.Expectation] = [
                .appointment("appt-a", version: 0), .appointment("appt-a", version: 2),
                .appointment("appt-none", version: 1), .session("session-a", version: 0),
                .session("session-a", version: 2), .consents("client-1", version: 2),
                .session("session-a", version: 1, lastEvent: 1), .session("session-a", version: 0, lastEvent: 0),
                .session("session-none", version: 0, lastEvent: 1),
                .noOtherOpenSession("appt-a", except: nil),
                .noOtherOpenSession("appt-a", except: "session-b"),
                .effect("e-1", fence: 0), .effect("e-none", fence: 0),
                .documentAbsent(.recording, version: "1.0", language: "en"),
            ]
            for expectation in holding {
                var decision = Decision()
                decision.expectations = [expectation]
                decision.audit = [Sample.audit("ok")]
                #expect(try await store.apply(decision) == .committed, "\(expectation)")
            }
            for expectation in failing {
                var decision = Decision([.appointment(Sample.appointment("trace"))])
                decision.expectations = [holding[0], expectation]
                #expect(try await store.apply(decision) == .conflict, "\(expectation)")
            }
            #expect(try await store.appointment("appt-trace") == nil)
        },
        StorePromise("an effect that is done satisfies no fence") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            var effect = Sample.effect("e-1", session: "a", sequence: 1)
            effect.state = .done
            try await store.commit(Decision([.effect(effect)]))
            var decision = Decision()
            decision.expectations = [.effect("e-1", fence: 0)]
            #expect(try await store.apply(decision) == .conflict)
        },
        StorePromise(
            "a second open session of an appointment is a conflict, and nothing of its decision stays"
        ) {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            let other = Sample.session("b", appointment: Sample.appointment("a"))
            var decision = Decision([.appointment(Sample.appointment("trace")), .session(other)])
            decision.request = Sample.request("r-1")
            decision.audit = [Sample.audit("create")]
            #expect(try await store.apply(decision) == .conflict)
            #expect(try await store.session("session-b") == nil)
            #expect(try await store.appointment("appt-trace") == nil)
            #expect(try await store.request(Sample.request("r-1").key) == nil)

            var ended = Sample.session("a")
            ended.status = .cancelled
            ended.version = 2
            try await store.commit(Decision([.session(ended)]))
            #expect(try await store.apply(decision) == .committed)
            #expect(try await store.latestSession(of: "appt-a")?.session.id == "session-b")
        },
        StorePromise("an event's number is given once") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            var decision = Decision()
            decision.events = [Sample.event(1, session: "a"), Sample.event(2, session: "a")]
            try await store.commit(decision)
            decision.events = [Sample.event(2, session: "a")]
            decision.changes = [.appointment(Sample.appointment("trace"))]
            #expect(try await store.apply(decision) == .conflict)
            #expect(try await store.appointment("appt-trace") == nil)
        },
        StorePromise("a decision on a session that is not there fails alone") { (store) async throws in
            let orphan = Decision([.participant(Sample.participant("p", session: "none"))])
            async let fine = store.apply(Sample.creation("a"))
            await #expect(throws: StoreError.self) { try await store.apply(orphan) }
            #expect(try await fine == .committed)
            #expect(try await store.apply(Sample.creation("b")) == .committed)
        },
        StorePromise("a request id commits once; later ones get the first record") { (store) async throws in
            var first = Sample.creation("a")
            first.request = Sample.request("r-1")
            try await store.commit(first)
            #expect(try await store.request(Sample.request("r-1").key) == Sample.request("r-1"))
            var second = Sample.creation("b")
            second.request = Sample.request("r-1", hash: 99)
            #expect(try await store.apply(second) == .requestExists(Sample.request("r-1")))
            #expect(try await store.session("session-b") == nil)
            // Also when the first one's commit broke the second one's expectations.
            var twin = first
            twin.expectations = [.session("session-a", version: 0)]
            #expect(try await store.apply(twin) == .requestExists(Sample.request("r-1")))
        },
        StorePromise("request keys differ by caller and method") { (store) async throws in
            // The last two subjects are one text to Swift and two to everybody else.
            let callers: [(Subject, String)] = [
                ("s", "m"), ("s", "n"), ("t", "m"), ("drK", "m"), ("dr\u{212A}", "m"),
            ]
            for (subject, method) in callers {
                var decision = Decision()
                decision.request = RequestRecord(
                    key: .init(subject: subject, method: method, requestID: "r"), requestHash: [],
                    sessionID: nil,
                    appointmentID: nil, resultID: nil, createdAt: Sample.at(0), expiresAt: Sample.at(9))
                try await store.commit(decision)
                #expect(try await store.request(decision.request!.key) == decision.request)
            }
        },
        StorePromise("an expired request id may be used again") { (store) async throws in
            var decision = Decision()
            decision.request = Sample.request("r-1")
            try await store.commit(decision)
            decision.request = Sample.request("r-1", created: 86_400, hash: 5)
            try await store.commit(decision)
            #expect(try await store.request(decision.request!.key) == decision.request)
        },
        StorePromise("an empty decision commits") { (store) async throws in try await store.commit(Decision())
        },
    ]

    static func document(_ version: String) -> ConsentDocument {
        ConsentDocument(
            type: .recording, version: version, language: "en", text: "t", textHash: [1],
            effectiveAt: Sample.at(0),
            registeredAt: Sample.at(0), registeredBy: "admin")
    }
}
