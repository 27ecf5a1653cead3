internal import ArgumentParser
internal import AuditChain
internal import FoundationEssentials
internal import ProtobufWire
internal import RPCModel
internal import Storage
internal import StorageSQLite
internal import TelehealthAPI
internal import TelehealthClient
internal import TelehealthModel
internal import TextFormats

/// Verifies the audit log, through the running service or offline.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify that no row of the log was changed, removed, reordered or cut off.",
        discussion: """
            Without --database or --export the running service verifies its log. With either, the probe verifies offline: \
            rows from a backup, from the database of a stopped service, or from an export, with the chain key and the heads \
            from their files. Ids in a database are sealed, so it also needs the key ring. Without heads the probe cannot \
            detect a log that was cut off, or rewritten with its own key.

            Exit status: 0 intact, 1 invalid usage, 2 no connection, 3 the call failed, 4 not intact.
            """)
    @OptionGroup var options: OperatorOptions

    @Option(help: "The first row to verify.")
    var from: Int64 = 1

    @Option(help: "The last row to verify; 0 means the end of the log.")
    var through: Int64 = 0

    @Option(help: "A copy of the database to verify without the service.")
    var database: String?

    @Option(help: "An export to verify without the service.")
    var export: String?

    @Option(help: "The file with the chain key of the log (chain.key).")
    var keyFile: String?

    @Option(
        help: "With --database: the key ring that seals its ids. Default: the file beside the database's folder.")
    var keyRing: String?

    @Option(help: "The directory of the signed heads.")
    var heads: String?

    func validate() throws {
        guard database == nil || export == nil else { throw ValidationError("use either --database or --export") }
        guard from >= 1, through == 0 || through >= from else {
            throw ValidationError("--from must be 1 or more, and --through 0 or at least --from")
        }
        if database == nil, export == nil {
            guard keyFile == nil, heads == nil else {
                throw ValidationError("--key-file and --heads need --database or --export")
            }
        } else if keyFile == nil {
            throw ValidationError("--database and --export need --key-file")
        }
        guard keyRing == nil || database != nil else { throw ValidationError("--key-ring needs --database") }
    }

    func run() async throws {
        if database == nil, export == nil {
            let request = Telehealth_V1_VerifyAuditLogRequest.with {
                $0.fromNumber = from
                $0.throughNumber = through
            }
            try await options.run(doing: "verify") { client in
                defer { Terminal.endProgress() }
                try tell(try await client.audit.verifyLog(request) { Terminal.progress($0.words) })
            }
        } else {
            do {
                try tell(try await verifyWithoutService().message)
            } catch let failure as StoreOpenFailure {
                throw ProbeFailure.usage("\(failure)")
            } catch let error as StoreError {
                throw ProbeFailure.usage("cannot read the log: \(error)")
            }
        }
    }

    private func tell(_ answer: Telehealth_V1_AuditVerification) throws {
        Terminal.endProgress()
        if options.json {
            Terminal.say("\(try JSONText.own().line(answer))")
        } else {
            for finding in answer.findings { Terminal.say("\(finding.description)") }
            let newest = answer.newestHead.map { "newest head at row \($0.treeSize)" } ?? "no signed head"
            Terminal.say("\(answer.rowsChecked) rows and \(answer.headsChecked) heads checked, \(newest)")
        }
        guard answer.isWhole else {
            throw ProbeFailure.unhealthy("verification of the audit log failed: \(answer.findingCount) findings")
        }
    }

    private func verifyWithoutService() async throws -> AuditReport {
        guard let keyFile, let key = try AuditCopy.key(inFile: keyFile) else {
            throw ProbeFailure.usage("\(keyFile ?? "--key-file") does not exist")
        }
        let kept = try heads.map { directory in
            guard let kept = try AuditHeadArchive.kept(in: directory) else {
                throw ProbeFailure.usage("\(directory) does not contain heads and a public key")
            }
            return kept
        }
        let (known, headKey) = (kept?.heads ?? [], kept?.key)
        let verifier: @Sendable (AuditRecord?) -> AuditVerifier = { anchor in
            AuditVerifier(key: key, anchor: anchor, heads: known, headKey: headKey)
        }
        let source: AuditInspection.Source
        let last: Int64
        var doubts = (kept?.damagedLines ?? []).map { AuditFinding(number: Int64($0), fault: .headDamaged) }
        if let database {
            let folder = URL(filePath: database).deletingLastPathComponent().path
            let ring = keyRing.map { KeyRingFile(path: $0) } ?? KeyRingFile(besideDirectory: folder)
            let copy = try AuditCopy(path: database, keyRing: ring)
            last = try copy.lastNumber()
            doubts += try copy.doubts(key)
            source = AuditInspection.Source(
                records: { (from, limit) async throws(StoreError) in try copy.records(from: from, limit: limit) },
                nodes: { (leaves) async throws(StoreError) in try copy.nodes(in: leaves) }, verifier: verifier)
        } else {
            let rows = try AuditExportFile.rows(export ?? "")
            last = rows.last?.number ?? 0
            source = AuditInspection.Source(
                records: { (from, limit) async throws(StoreError) in
                    let start = AuditExportFile.place(of: from, in: rows)
                    return Array(rows[start...].prefix(limit))
                }, nodes: nil, verifier: verifier)
        }
        let inspection = AuditInspection(
            source: source, newestHead: known.last { head in headKey?.verifies(head) ?? false }, doubts: doubts)
        let report = try await inspection.run(from: from, through: through == 0 ? nil : through, lastKnown: last)
        guard let report else { throw CancellationError() }
        return report
    }
}

extension AuditReport {
    /// As the service would answer it.
    fileprivate var message: Telehealth_V1_AuditVerification {
        .with {
            $0.isWhole = isWhole
            $0.rowsChecked = rowsChecked
            $0.headsChecked = headsChecked
            $0.throughNumber = through
            $0.first = first?.message
            $0.findings = findings.map(\.message)
            $0.findingCount = Int64(findingCount)
            $0.newestHead = newestHead.map { head in
                .with {
                    $0.treeSize = head.size
                    $0.mac = head.mac
                    $0.rootHash = head.root.bytes
                    $0.keyID = head.keyID
                    $0.signature = head.signature
                    $0.signTime = .with {
                        let (seconds, microseconds) = head.at.microseconds.floorDivided(by: 1_000_000)
                        $0.seconds = seconds
                        $0.nanos = Int32(microseconds) * 1_000
                    }
                }
            }
            $0.rootHash = root?.bytes ?? []
        }
    }
}

extension AuditFinding {
    fileprivate var message: Telehealth_V1_AuditFinding {
        .with {
            $0.number = number
            $0.description = description
            $0.fault =
                switch fault {
                case .changed: .changed
                case .moved: .reordered
                case .missing: .missing
                case .unlinked: .unlinked
                case .contradictsHead: .headMismatch
                case .cutShort: .tailCut
                case .headForged: .headForged
                case .nodeChanged: .treeNodeChanged
                case .headDamaged: .headDamaged
                case .rowsLost: .rowsLost
                case .markDamaged: .markDamaged
                case .writeAheadLogCut: .writeAheadLogCut
                case .rowForged: .rowForged
                }
        }
    }
}
