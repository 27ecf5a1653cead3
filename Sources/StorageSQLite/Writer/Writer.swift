internal import DurableFile
internal import Storage
internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// The one thread that writes: takes the whole queue as one transaction, commits, publishes what it changed, answers,
/// checkpoints.
final class Writer: @unchecked Sendable {
    /// Callers come back within less when they have more to write.
    private static let pauseNanoseconds: UInt64 = 5_000_000

    let queue: WriterQueue
    let statistics = Mutex(StoreStatistics())

    // From here on everything belongs to the writer's thread, to which `open`'s caller hands it by starting
    // `run`.
    private let path: String
    private let configuration: StoreConfiguration
    private let caches: StoreCaches
    private var forgetsAt = MonotonicClock.nanoseconds() + forgetNanoseconds
    /// A row that nobody asked for in so long is read again when somebody does.
    private static let forgetNanoseconds: UInt64 = 60_000_000_000
    private let sealer: Sealer
    private var lock: DirectoryLock?
    private var connection: SQLiteConnection?
    private var checkpointer: Checkpointer?
    private let walPages: UnsafeMutablePointer<Int>
    /// Set by the device's first failure and never cleared: every later write gets it.
    private var failure: StoreError?
    private var space: SpaceWatch
    private var backup: BackupRun?
    /// Prunings that have steps left.
    private var unfinished: [WriterJob] = []
    private var denials: DenialWindow
    /// Chained on the writer's thread; its end may be read from any.
    let auditLog: AuditLog
    /// Called for every commit.
    let publisher: CommitPublisher
    private let marks: AuditMarks
    /// A mark names only what a commit of this process has synced.
    private var hasCommitted = false

    private init(
        path: String, connection: SQLiteConnection, auditLog: AuditLog, marks: AuditMarks, lock: DirectoryLock,
        caches: StoreCaches, sealer: Sealer, configuration: StoreConfiguration
    ) {
        self.path = path
        self.sealer = sealer
        self.auditLog = auditLog
        self.marks = marks
        publisher = CommitPublisher(from: auditLog.endNumber)
        space = SpaceWatch(alarmPercent: configuration.spaceAlarmPercent)
        denials = DenialWindow(configuration)
        self.connection = connection
        self.lock = lock
        self.caches = caches
        self.configuration = configuration
        queue = WriterQueue(
            limit: configuration.queuedWritesMax, recordsLimit: configuration.queuedAuditEntriesMax)
        walPages = .allocate(capacity: 1)
        walPages.initialize(to: 0)
        checkpointer = Checkpointer(connection, configuration, walPagesReported: walPages)
    }

    deinit {
        connection = nil
        walPages.deallocate()
    }

    static func open(
        path: String, auditKeyFile: String, lock: DirectoryLock, caches: StoreCaches, ring: KeyRing,
        sealer: Sealer, configuration: StoreConfiguration, onDamage: (StoreDamage) -> Void
    ) throws(StoreOpenFailure) -> Writer {
        try lookAtLog(path, onDamage)
        let connection = try WriterConnection.open(
            path: path, ring: ring, sealer: sealer, configuration: configuration)
        let auditLog = try AuditLog.open(connection, keyFile: auditKeyFile, now: WallClock.now)
        let marks = try AuditMarks.open(
            database: path, key: auditLog.key, end: auditLog.endNumber,
            interval: UInt64(max(configuration.markInterval.wholeMicroseconds, 0)) * 1_000, connection,
            onDamage: onDamage)
        let writer = Writer(
            path: path, connection: connection, auditLog: auditLog, marks: marks, lock: lock, caches: caches,
            sealer: sealer, configuration: configuration)
        // The log begins again: what an earlier crash left behind its end is not to be taken for damage later.
        try? writer.checkpointer?.truncate()
        return writer
    }

    /// Before SQLite opens the database, and cuts a damaged log where the damage begins.
    private static func lookAtLog(
        _ path: String, _ onDamage: (StoreDamage) -> Void
    ) throws(StoreOpenFailure) {
        do throws(FileFailure) {
            guard let damage = try WALFile.damage(ofDatabase: path) else { return }
            let copy = try? WALFile.keep(ofDatabase: path)
            onDamage(.logCut(frame: damage.frame, transactions: damage.commits, copy: copy))
        } catch {
            throw .file(error)
        }
    }

    /// The thread's body.
    func run() {
        work()
        shutDown()
    }

    private func work() {
        guard let connection else { preconditionFailure("run is called once, after open") }
        var batch: [WriterJob] = []
        while true {
            let isOpen = queue.take(into: &batch, patience: patience)
            guard isOpen || !unfinished.isEmpty || denials.isHolding else { return }
            denials.sift(&batch)
            if !isOpen || denials.isDue { batch.append(contentsOf: denials.end()) }
            let isIdle = batch.isEmpty && unfinished.isEmpty && backup == nil
            batch.append(contentsOf: unfinished)
            unfinished.removeAll(keepingCapacity: true)
            if !batch.isEmpty { process(batch, connection) }
            batch.removeAll(keepingCapacity: true)
            stepBackup()
            tend(isIdle: isIdle)
            if hasCommitted, failure == nil { marks.keep(auditLog, isCheckpoint: false) }
            lookAtSpace(connection)
            forgetUnused()
        }
    }

    /// How long to wait for the next write: not at all with work left over, a moment when a pause would do
    /// for a checkpoint.
    private var patience: UInt64? {
        if backup != nil || !unfinished.isEmpty { return 0 }
        guard failure == nil else { return denials.wait }
        let waits = [
            denials.wait, checkpointer?.wantsPause == true ? Self.pauseNanoseconds : nil,
            hasCommitted ? marks.wait(auditLog.endNumber) : nil,
            space.wait(now: MonotonicClock.nanoseconds()),
        ]
        return waits.compactMap(\.self).min()
    }

    private func shutDown() {
        backup?.answer.resume(returning: .failure(.closed))
        backup = nil
        if failure == nil {
            if hasCommitted { marks.keep(auditLog, isCheckpoint: true) }
            try? checkpointer?.truncate()
        }
        checkpointer = nil
        connection = nil  // last reference: statements are finalized and the file is closed here
        lock = nil
        queue.finish()
    }

    // MARK: One batch

    private enum JobResult {
        case applied(Result<ApplyResult, StoreError>)
        case recorded
        case claimed(EffectClaim.Outcome)
        case pruned(isDone: Bool)
        case keysAdopted(KeyRing)
        case resealed(next: Resealing?)
        /// All rows were looked at, and some are damaged: they keep the key that they were sealed with.
        case resealingFailed(StoreError)
        case backup
    }

    /// What a batch did in its transaction, before the commit.
    private struct BatchResult {
        var results: [JobResult] = []
        var update = CacheUpdate()
        /// For the audit log, which is chained when the whole batch is known.
        var entries: [AuditEntry] = []
        /// For those who follow the commits.
        var notice = CommitNotice()
    }

    private func process(_ batch: [WriterJob], _ connection: SQLiteConnection) {
        if let failure {
            for job in batch { job.fail(failure) }
            return
        }
        let results: [JobResult]
        var notice: CommitNotice
        var update = CacheUpdate()
        let commitNanoseconds: UInt64
        do throws(SQLiteError) {
            let done = try perform(batch, connection)
            (results, update, notice) = (done.results, done.update, done.notice)
            try auditLog.append(done.entries, connection)
            update.withhold(caches)
            let start = MonotonicClock.nanoseconds()
            try connection.run(Transaction.commit)
            commitNanoseconds = MonotonicClock.nanoseconds() - start
        } catch {
            let reason = abandon(error, connection)
            auditLog.rollBack()
            update.publish(caches, committed: false)
            for job in batch { job.fail(reason) }
            statistics.withLock { $0.writesFailed += batch.count }
            return
        }
        auditLog.commit()
        hasCommitted = true
        update.publish(caches, committed: true)
        notice.position = auditLog.endNumber
        publisher.publish(notice)
        note(results, commitNanoseconds)
        for (job, result) in zip(batch, results) { answer(job, result, connection) }
    }

    /// Begins a transaction and does the whole batch in it.
    private func perform(
        _ batch: [WriterJob], _ connection: SQLiteConnection
    ) throws(SQLiteError) -> BatchResult {
        do throws(SQLiteError) {
            return try perform(batch, DecisionWriter(connection: connection, usesSavepoints: false))
        } catch {
            switch error.scope {
            case .constraint, .statement, .row: break
            case .full, .temporary, .device: throw error
            }
            // One decision's own fault, found half-way: the others must not pay for it.
            if connection.isInTransaction { try connection.run(Transaction.rollBack) }
            return try perform(batch, DecisionWriter(connection: connection, usesSavepoints: true))
        }
    }

    private func perform(_ batch: [WriterJob], _ writer: DecisionWriter) throws(SQLiteError) -> BatchResult {
        var done = BatchResult()
        done.results.reserveCapacity(batch.count)
        try writer.connection.run(Transaction.beginWriting)
        for job in batch { done.results.append(try perform(job, &done, writer)) }
        return done
    }

    private func perform(
        _ job: WriterJob, _ done: inout BatchResult, _ writer: DecisionWriter
    ) throws(SQLiteError) -> JobResult {
        switch job {
        case .record(let entry, _):
            done.entries.append(entry)
            return .recorded
        case .recordSum(let entry, _):
            done.entries.append(entry)
            return .recorded
        case .apply(let decision, _):
            let position = auditLog.endNumber + Int64(done.entries.count + decision.audit.count)
            switch try writer.apply(decision, at: position) {
            case .committed(let written):
                done.update.note(decision, created: written.created)
                done.entries.append(contentsOf: decision.audit)
                done.notice.add(decision, changes: written.changed)
                return .applied(.success(.committed))
            case .declined(let result): return .applied(.success(result))
            case .refused(let error): return .applied(.failure(error))
            }
        case .claim(let claim, _): return .claimed(try claim.run(writer.connection))
        case .prune(let pruning, _): return .pruned(isDone: try pruning.step(writer.connection))
        case .adopt(let ring, _):
            try KeyUse.note(ring, writer.connection)
            return .keysAdopted(ring)
        case .reseal(let resealing, _):
            let next = try resealing.step(writer.connection, sealer)
            if let next, next.isOver { return .resealingFailed(.damaged(operation: next.damage)) }
            return .resealed(next: next)
        case .backup: return .backup
        }
    }

    private func answer(_ job: WriterJob, _ result: JobResult, _ connection: SQLiteConnection) {
        switch (job, result) {
        case (.apply(_, let answer), .applied(let result)): answer.resume(returning: result)
        case (.record(_, let answer), .recorded): answer(nil)
        case (.recordSum(_, let answers), .recorded):
            for answer in answers { answer(nil) }
        case (.claim(_, let answer), .claimed(let outcome)): answer.resume(returning: .success(outcome))
        case (.prune(_, let answer), .pruned(isDone: true)): answer.resume(returning: .success(()))
        case (.prune, .pruned(isDone: false)): unfinished.append(job)
        case (.adopt(_, let answer), .keysAdopted(let ring)):
            sealer.adopt(ring)
            answer.resume(returning: .success(()))
        case (.reseal(_, let answer), .resealed(let next)):
            if let next {
                unfinished.append(.reseal(next, answer))
            } else {
                sealer.takeClearTexts(false)
                answer.resume(returning: .success(()))
            }
        case (.reseal(_, let answer), .resealingFailed(let error)): answer.resume(returning: .failure(error))
        case (.backup(let path, let progress, let answer), .backup):
            startBackup(to: path, progress, answer, connection)
        default: preconditionFailure("a job's result is of the job's kind")
        }
    }

    /// Rolls back after a failure that took the whole transaction.
    private func abandon(_ error: SQLiteError, _ connection: SQLiteConnection) -> StoreError {
        if connection.isInTransaction {
            do throws(SQLiteError) {
                try connection.run(Transaction.rollBack)
            } catch {
                endWriting(error)
            }
        }
        switch error.scope {
        case .device: endWriting(error)
        case .full:
            checkpointer?.relieve()
            if let notice = space.refused(now: MonotonicClock.nanoseconds()) { tell(notice) }
        case .constraint, .statement, .row, .temporary: break
        }
        return failure ?? StoreError(error)
    }

    private func endWriting(_ error: SQLiteError) {
        guard failure == nil else { return }
        failure = .failed(code: error.code, operation: error.operation)
        statistics.withLock { $0.isReadOnly = true }
        configuration.onCondition(.readOnly(code: error.code, operation: error.operation))
    }

    private func note(_ results: [JobResult], _ commitNanoseconds: UInt64) {
        statistics.withLock { statistics in
            statistics.commits += 1
            statistics.batchMax = max(statistics.batchMax, results.count)
            statistics.commitNanoseconds += commitNanoseconds
            statistics.commitNanosecondsMax = max(statistics.commitNanosecondsMax, commitNanoseconds)
            statistics.walPages = walPages.pointee
            for result in results {
                switch result {
                case .applied(.success(.committed)): statistics.decisionsCommitted += 1
                case .applied(.success(.conflict)): statistics.decisionsInConflict += 1
                case .applied(.success(.requestExists)): statistics.requestsRepeated += 1
                case .applied(.failure): statistics.writesFailed += 1
                case .recorded: statistics.auditEntriesRecorded += 1
                case .claimed, .pruned, .keysAdopted, .resealed, .resealingFailed, .backup: break
                }
            }
        }
    }

    // MARK: Between batches

    private func tend(isIdle: Bool) {
        guard failure == nil else { return }
        do throws(SQLiteError) {
            guard let nanoseconds = try checkpointer?.tend(isIdle: isIdle) else { return }
            if hasCommitted { marks.keep(auditLog, isCheckpoint: true) }
            statistics.withLock { statistics in
                statistics.checkpoints += 1
                statistics.checkpointNanoseconds += nanoseconds
                statistics.checkpointNanosecondsMax = max(statistics.checkpointNanosecondsMax, nanoseconds)
            }
        } catch {
            endWriting(error)
        }
    }

    /// A day's visits would stay in memory otherwise, each long after it was over.
    private func forgetUnused() {
        let now = MonotonicClock.nanoseconds()
        guard now >= forgetsAt else { return }
        forgetsAt = now + Self.forgetNanoseconds
        caches.forgetUnused()
        sealer.identifiers.forgetUnused()
    }

    private func lookAtSpace(_ connection: SQLiteConnection) {
        let now = MonotonicClock.nanoseconds()
        guard failure == nil, space.wait(now: now) == 0 else { return }
        let found = DeviceSpace.of(path).map { StoreSpace(free: $0.free, size: $0.size) }
        let writes = space.isFull && takesWrites(connection)
        for notice in space.look(found, now: now, writes: writes) { tell(notice) }
    }

    /// Whether a page can be committed now.
    private func takesWrites(_ connection: SQLiteConnection) -> Bool {
        do throws(SQLiteError) {
            try connection.run(Transaction.beginWriting)
            try connection.run(Transaction.tryWriting)
            try connection.run(Transaction.commit)
            return true
        } catch {
            _ = abandon(error, connection)
            return false
        }
    }

    private func tell(_ notice: SpaceWatch.Notice) {
        statistics.withLock { $0.isFull = space.isFull }
        switch notice {
        case .full: configuration.onCondition(.full)
        case .recovered: configuration.onCondition(.recovered)
        case .low(let space): configuration.onCondition(.spaceLow(space))
        case .enough(let space): configuration.onCondition(.spaceEnough(space))
        }
    }

    private func startBackup(
        to path: String, _ progress: @escaping ProgressReport, _ answer: Answer<Void>, _ connection: SQLiteConnection
    ) {
        guard backup == nil else { return answer.resume(returning: .failure(.overloaded)) }
        do throws(StoreError) {
            backup = try BackupRun(source: connection, path: path, progress: progress, answer: answer)
        } catch {
            answer.resume(returning: .failure(error))
        }
    }

    private func stepBackup() {
        guard let run = backup else { return }
        do throws(SQLiteError) {
            guard try run.step() else { return }
            backup = nil
            run.answer.resume(returning: .success(()))
        } catch {
            backup = nil
            run.answer.resume(returning: .failure(StoreError(error)))
        }
    }
}
