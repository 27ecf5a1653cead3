internal import Glibc
internal import Identity
internal import Storage
internal import StorageSQLite
internal import TLSEngine
internal import TelehealthEngine
internal import TelehealthModel

/// Reads files again that others renew while the daemon runs: certificates, the issuer's key set, the key ring and the
/// key of receipts.
///
/// Each is read within a second of its replacement, and all of them on SIGHUP. A file that cannot be read leaves the
/// old version in use and is logged as an error.
struct CredentialReloader {
    private static let interval = Duration.seconds(1)

    /// Tells one version of a file from the next. The inode counts too: two versions may be of the same clock tick.
    private struct Stamp: Hashable {
        let inode: UInt
        let size: Int
        /// A `timespec`, compared as it is.
        let modified: [UInt8]

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            inode = status.st_ino
            size = status.st_size
            modified = withUnsafeBytes(of: status.st_mtim) { Array($0) }
        }
    }

    let keyRing: KeyRingFile
    let store: SQLiteStore
    let certificates: TLSServerContextSource?
    let keys: KeyDirectory
    let keySetFile: String?
    let receiptKeyFile: String
    let receiptKeys: ReceiptKeyStore
    let time: any TimeSource
    let alarms: Alarms

    /// Runs until the task is cancelled. It first seals rows with the ring's current key that have an older one.
    func run(_ ring: KeyRing) async {
        // Counts from the start of the process: a SIGHUP during the start may be about a file that was read before it.
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
            // Retiring keys replaces the ring's file once more; the next round reads it and finds nothing to do.
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
            alarms.renewal(.certificates, nil)
        } catch {
            alarms.renewal(.certificates, error)
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
            alarms.renewal(.receiptKey, nil)
        } catch {
            alarms.renewal(.receiptKey, error)
        }
    }

    private func renewRing() async {
        do throws(KeyRingError) {
            await seal(try keyRing.read())
        } catch {
            alarms.renewal(.keyRing, error)
        }
    }

    /// Seals every row with the ring's current key, then retires its other keys.
    private func seal(_ ring: KeyRing) async {
        let waiting = ring.list.contains { !$0.isCurrent && $0.retiredAt == nil }
        if waiting { alarms.sealing(ring.current, isDone: false) }
        do throws(StoreError) {
            try await store.maintenance.seal(with: ring)
        } catch {
            return alarms.renewal(.sealedRows, error)
        }
        guard waiting else { return }
        do throws(KeyRingError) {
            try keyRing.update { latest, now in latest.retireOthers(than: ring.current, now: now) }
            alarms.sealing(ring.current, isDone: true)
        } catch {
            alarms.renewal(.keyRing, error)
        }
    }
}
