internal import FoundationEssentials
internal import Identity
internal import StorageSQLite
internal import TLSEngine
internal import TelehealthCore

/// Looks after the files that others renew while the daemon runs: certificates, the issuer's key set, the key ring, the
/// key of receipts.
///
/// Each is read again when it was replaced, and all of them on SIGHUP. What cannot be read leaves the old in use.
struct RenewedFiles {
    private static let interval = Duration.seconds(1)

    /// What tells one version of a file from the next.
    private struct Stamp: Hashable {
        var inode: UInt64?
        var modifiedAt: Date?

        init?(_ path: String) {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
            // Which type of number it is, is not promised.
            inode = (attributes[.systemFileNumber] as? any BinaryInteger).map { UInt64(truncatingIfNeeded: $0) }
            modifiedAt = attributes[.modificationDate] as? Date
        }
    }

    let keyRing: KeyRingFile
    let store: SQLiteStore
    let certificates: TLSServerContextSource?
    let keys: KeyDirectory
    let keySetFile: String?
    let receiptKeyFile: String
    let receiptKeys: ReceiptKeyBoard
    let time: SystemTime
    let alarms: Alarms

    /// Until the task is cancelled. Begins with sealing what was there before the ring's current key.
    func run(_ ring: KeyRing) async {
        // One that came while the service started is heard as well: what it was about may have been read before it.
        var hangups = 0
        var (lastCertificates, lastKeySet) = (certificateStamps, keySetStamp)
        var (lastRing, lastReceiptKey) = (Stamp(keyRing.path), Stamp(receiptKeyFile))
        await seal(ring)
        while true {
            do { try await time.sleep(for: Self.interval) } catch { return }
            let isAsked = HangupSignal.count != hangups
            hangups = HangupSignal.count
            let (certificates, keySet, ring) = (certificateStamps, keySetStamp, Stamp(keyRing.path))
            let receiptKey = Stamp(receiptKeyFile)
            if isAsked || certificates != lastCertificates { renewCertificates() }
            if isAsked || keySet != lastKeySet { await renewKeySet() }
            if isAsked || ring != lastRing { await renewRing() }
            if isAsked || receiptKey != lastReceiptKey { renewReceiptKeys() }
            lastReceiptKey = receiptKey
            // Retiring keys replaces the ring's file once more, which the next round reads and finds settled.
            (lastCertificates, lastKeySet, lastRing) = (certificates, keySet, ring)
        }
    }

    private var certificateStamps: [Stamp?] {
        guard let files = certificates?.configuration else { return [] }
        return [Stamp(files.certificateChainFile), Stamp(files.privateKeyFile)]
    }

    private var keySetStamp: Stamp? { keySetFile.flatMap(Stamp.init) }

    private func renewCertificates() {
        guard let certificates else { return }
        do throws(TLSFailure) {
            try certificates.reload()
            alarms.renewal("certificates", nil)
        } catch {
            alarms.renewal("certificates", error)
        }
    }

    private func renewKeySet() async {
        do throws(KeySetError) {
            if let doubt = try await keys.reload() { alarms.keys(.documentKept(doubt)) }
        } catch {
            alarms.keys(.keysKept(error))
        }
    }

    private func renewReceiptKeys() {
        do throws(KeySetError) {
            receiptKeys.replace(with: try ReceiptKeyFile.read(receiptKeyFile))
            alarms.renewal("receipt key", nil)
        } catch {
            alarms.renewal("receipt key", error)
        }
    }

    private func renewRing() async {
        do throws(KeyRingError) {
            await seal(try keyRing.read())
        } catch {
            alarms.renewal("key ring", error)
        }
    }

    /// Seals every row with the ring's current key; then its other keys are retired.
    private func seal(_ ring: KeyRing) async {
        let waiting = ring.list.contains { !$0.isCurrent && $0.retiredAt == nil }
        if waiting { alarms.sealing(ring.current, isDone: false) }
        do throws(StoreError) {
            try await store.seal(with: ring)
        } catch {
            return alarms.renewal("sealed rows", error)
        }
        guard waiting else { return }
        do throws(KeyRingError) {
            try keyRing.update { latest, now in latest.retireOthers(than: ring.current, now: now) }
            alarms.sealing(ring.current, isDone: true)
        } catch {
            alarms.renewal("key ring", error)
        }
    }
}
