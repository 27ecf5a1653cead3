import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    /// Twelve sessions: two clients, three clinicians, starts 0, 100, ... with ties, every status.
    private static func fill(_ store: any TelehealthStore) async throws {
        let statuses = SessionStatus.allCases
        for index in 0..<12 {
            try await store.commit(
                Sample.creation(
                    "\(index)", client: "client-\(index % 2)", clinician: "doc-\(index % 3)",
                    start: Int64(index / 2) * 100, status: statuses[index % statuses.count]))
        }
    }

    private static func names(_ store: any TelehealthStore, _ change: (inout SessionQuery) -> Void)
        async throws
        -> [String]
    {
        var query = SessionQuery()
        change(&query)
        return try await store.sessions(query).map { String($0.id.rawValue.dropFirst("session-".count)) }
    }

    static let queryPromises = [
        StorePromise("an early cancellation is kept once an id, checked by its version, and forgotten in the end") {
            (store) async throws in
            let first = EarlyCancellation(appointmentID: "a", sourceVersion: 3, cancelledAt: Sample.at(1))
            let second = EarlyCancellation(appointmentID: "a", sourceVersion: 5, cancelledAt: Sample.at(2))
            for (row, known) in [(first, 0), (second, 3)] as [(EarlyCancellation, Int64)] {
                var decision = Decision([.earlyCancellation(row)])
                decision.expectations = [.earlyCancellation("a", sourceVersion: known)]
                #expect(try await store.apply(decision) == .committed)
                #expect(try await store.apply(decision) == .conflict)
                #expect(try await store.earlyCancellation(of: "a") == row)
            }
            for (instant, rest) in [(Sample.at(2), second), (Sample.at(3), nil)] {
                try await store.prune(
                    requestsBefore: instant, eventsBefore: instant, effectsBefore: instant,
                    earlyCancellationsBefore: instant)
                #expect(try await store.earlyCancellation(of: "a") == rest)
            }
        },
        StorePromise("a client's booked appointments are those that are not cancelled and end later") {
            (store) async throws in
            var rows = (0..<4).map { Sample.appointment("\($0)", start: Int64($0) * 1000) }
            rows[2].status = .cancelled
            let foreign = Sample.appointment("9", client: "client-9")
            try await store.commit(Decision((rows + [foreign]).map { .appointment($0) }))
            let booked = try await store.bookedAppointments(of: "client-1", endingAfter: rows[0].endsAt)
            #expect(Set(booked) == [rows[1], rows[3]])
            #expect(try await store.bookedAppointments(of: "client-8", endingAfter: Sample.at(0)).isEmpty)
        },
        StorePromise("sessions are listed by start and id, filtered by each field") { (store) async throws in
            try await fill(store)
            let all = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]
            #expect(Set(try await names(store) { _ in }) == Set(all))
            // Ids compare byte by byte: "session-10" and "session-11" share a start.
            #expect(try await names(store) { $0.startsFrom = Sample.at(500) } == ["10", "11"])
            #expect(try await names(store) { $0.clientID = "client-1" } == ["1", "3", "5", "7", "9", "11"])
            #expect(try await names(store) { $0.clinicianID = "doc-0" } == ["0", "3", "6", "9"])
            #expect(
                try await names(store) {
                    $0.clientID = "client-0"
                    $0.clinicianID = "doc-0"
                } == ["0", "6"])
            #expect(try await names(store) { $0.appointmentID = "appt-7" } == ["7"])
            #expect(
                try await names(store) {
                    $0.appointmentID = "appt-7"
                    $0.clientID = "client-0"
                } == [])
            #expect(try await names(store) { $0.statuses = [.waitingRoom] } == ["1", "7"])
            #expect(
                try await names(store) { $0.statuses = [.waitingRoom, .noShow] } == ["1", "5", "7", "11"])
            #expect(
                try await names(store) {
                    $0.startsFrom = Sample.at(100)
                    $0.startsBefore = Sample.at(300)
                } == ["2", "3", "4", "5"])
        },
        StorePromise("visits are listed for who was invited to them, until they are sent away") {
            (store) async throws in
            try await fill(store)
            for (session, state) in [
                ("3", ParticipantState.expected), ("8", .left), ("1", .removed), ("2", .denied),
            ] {
                var place = Participant(
                    id: ParticipantID("i-\(session)"), sessionID: SessionID("session-\(session)"),
                    subjectID: "interpreter-1",
                    role: .interpreter, externalUserID: "i-\(session)")
                place.state = state
                try await store.commit(Decision([.participant(place)]))
            }
            #expect(try await names(store) { $0.invitedID = "interpreter-1" } == ["3", "8"])
            #expect(
                try await names(store) {
                    $0.invitedID = "interpreter-1"
                    $0.clientID = "client-0"
                } == ["8"])
            #expect(
                try await names(store) {
                    $0.invitedID = "interpreter-1"
                    $0.after = (Sample.at(100), "session-3")
                    $0.limit = 1
                } == ["8"])
            // A client's own place is the appointment's, not an invitation.
            #expect(try await names(store) { $0.invitedID = "client-0" } == [])
        },
        StorePromise("a list leaves out the visits that the person asking was sent away from") {
            (store) async throws in
            try await fill(store)
            for (session, state) in [("0", ParticipantState.removed), ("4", .denied), ("8", .left)] {
                var place = Participant(
                    id: ParticipantID("c-\(session)"), sessionID: SessionID("session-\(session)"),
                    subjectID: "client-0", role: .client, externalUserID: "c-\(session)")
                place.state = state
                try await store.commit(Decision([.participant(place)]))
            }
            let all = try await names(store) { $0.clientID = "client-0" }
            #expect(all.contains("0") && all.contains("4") && all.contains("8"))
            #expect(
                try await names(store) {
                    $0.clientID = "client-0"
                    $0.openTo = "client-0"
                } == all.filter { !["0", "4"].contains($0) })
            #expect(
                try await names(store) {
                    $0.clientID = "client-0"
                    $0.openTo = "somebody-else"
                } == all)
        },
        StorePromise("an invitation to a visit that has no meeting yet is kept, whatever is read between") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            let invitation = Sample.invitation("inv-1", session: "a")
            try await store.commit(Decision([.invitation(invitation)]))
            try await store.commit(Sample.creation("b"))
            _ = try await store.session("session-b")
            #expect(try await store.session("session-a")?.invitations == [invitation])
        },
        StorePromise("pages of any size join to the whole list") { (store) async throws in
            try await fill(store)
            let whole = try await store.sessions(SessionQuery())
            for size in [1, 2, 5, 12, 200] {
                var paged: [Session] = []
                var query = SessionQuery()
                query.limit = size
                while true {
                    let page = try await store.sessions(query)
                    paged += page
                    #expect(page.count <= size)
                    guard page.count == size, let last = page.last else { break }
                    query.after = (last.startsAt, last.id)
                }
                #expect(paged == whole)
            }
        },
        StorePromise("a page token before the asked range does not widen it") { (store) async throws in
            try await fill(store)
            let names = try await names(store) {
                $0.startsFrom = Sample.at(400)
                $0.after = (Sample.at(0), "session-0")
            }
            #expect(names == ["8", "9", "10", "11"])
        },
        StorePromise("open sessions of a person include every role they have, and no ended one") {
            (store) async throws in
            try await fill(store)
            #expect(
                try await store.openSessions(of: "client-0") == [
                    "session-0", "session-2", "session-6", "session-8",
                ])
            #expect(
                try await store.openSessions(of: "guardian-client-0")
                    == ["session-0", "session-2", "session-6", "session-8"])
            #expect(try await store.openSessions(of: "doc-1") == ["session-1", "session-7"])
        },
        StorePromise("the sweeper's pages cover every open session that starts in time, once") {
            (store) async throws in
            try await fill(store)
            for size in [1, 2, 100] {
                var swept: [SessionID] = []
                while true {
                    let page = try await store.openSessions(
                        startingBefore: Sample.at(400), untouchedEndingBefore: Sample.at(99_999),
                        after: swept.last, limit: size)
                    swept += page
                    if page.count < size { break }
                }
                #expect(swept == ["session-0", "session-1", "session-2", "session-6", "session-7"])
            }
        },
        StorePromise("the sweeper is spared sessions that nobody joined, until they are over") {
            (store) async throws in
            for (name, status, arrived) in [
                ("untouched", SessionStatus.scheduled, nil), ("left", .scheduled, Sample.at(1)),
                ("waiting", .waitingRoom, nil), ("visit", .inProgress, Sample.at(1)),
            ] as [(String, SessionStatus, Timestamp?)] {
                let appointment = Sample.appointment(name)
                var session = Sample.session(name, appointment: appointment, status: status)
                session.clinicianArrivedAt = arrived
                try await store.commit(Decision([.appointment(appointment), .session(session)]))
            }
            let end = Sample.session("x").endsAt
            let early = try await store.openSessions(
                startingBefore: end, untouchedEndingBefore: end, after: nil, limit: 10)
            #expect(early == ["session-left", "session-visit", "session-waiting"])
            let late = try await store.openSessions(
                startingBefore: end, untouchedEndingBefore: end + .seconds(1), after: nil, limit: 10)
            #expect(late == ["session-left", "session-untouched", "session-visit", "session-waiting"])
        },
        StorePromise("the newest session of an appointment is the one made last") { (store) async throws in
            let appointment = Sample.appointment("a")
            for (name, created) in [("z", Int64(1)), ("m", 3), ("b", 2)] {
                let session = Sample.session(
                    name, appointment: appointment, created: created, status: .cancelled)
                try await store.commit(Decision([.appointment(appointment), .session(session)]))
            }
            #expect(try await store.latestSession(of: "appt-a")?.session.id == "session-m")
        },
    ]
}
