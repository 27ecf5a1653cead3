/// Judges a write-ahead log before SQLite does, which takes the first frame that does not fit for the log's end and
/// drops everything after it without a word.
///
/// Frames are given one after another. What a power cut leaves of the last transaction, in any order, is its end and
/// nothing to speak of: nobody was told "committed". Damage differs from it by what comes after the first bad
/// frame: a commit is synced before the next transaction writes, so a sound frame of a later transaction of the same
/// log says that what is bad now was on the device before.
///
/// A frame is sound by its own when its checksum fits the checksum *stored* in the frame before it (checksums run on
/// from frame to frame). Where the bad frame is the last of its transaction, only its own header can say so, and that
/// is believed when its salts fit and it lies in one sector, which is written whole or not at all.
/// A header that was half written when the log was restarted is not damage either: what stood in the log was in the
/// database by then.
/// What this cannot see, the audit log's mark does (``AuditMarks``): damage of the last transaction itself.
///
/// | offset | size | header | frame |
/// |---|---|---|---|
/// | 0 | 4 | magic; its last bit: big-endian checksums | page number |
/// | 4 | 4 | version | pages of the database after a commit, else 0 |
/// | 8 | 4 | page size | salt 1 |
/// | 12 | 4 | checkpoint number | salt 2 |
/// | 16 | 8 | salts | checksum |
/// | 24 | 8 | checksum | page |
///
/// Spec: sqlite.org/fileformat2.html#the_write_ahead_log.
struct WALScan {
    static let headerBytes = 32
    static let frameHeaderBytes = 24
    private static let sectorBytes = 512

    /// Frames of transactions that were on the device and cannot be read back.
    struct Damage: Sendable, Hashable {
        /// The first one that does not fit, from 0; -1 for the log's header.
        let frame: Int
        /// Commits after it that could still be recognized: as many transactions are lost at least.
        let commits: Int
    }

    private typealias Checksum = (UInt32, UInt32)

    /// Bytes of a page.
    let pageBytes: Int
    private let isBigEndian: Bool
    /// Of this log's frames; taken from the first frame when the header is bad.
    private var salts: [UInt8]?
    /// Of the last frame of the sound beginning.
    private var running: Checksum
    /// As stored in the frame before.
    private var stored: Checksum
    private var count = 0
    private var firstBad: Int?
    /// Whether a commit stands between the first bad frame and here.
    private var isBehindCommit = false
    private var isDamaged = false
    /// The frames are of a log whose pages are all in the database.
    private var isMovedAway = false
    /// Of a bad header, until the first frame has been looked at.
    private var badHeader: [UInt8]?
    private var commitsBehind = 0

    /// - Returns: nil when this is not a log: too short, or never written.
    init?(header: [UInt8]) {
        guard header.count == Self.headerBytes, header.contains(where: { $0 != 0 }) else { return nil }
        let magic = Self.word(header, 0)
        isBigEndian = magic & 1 == 1
        let size = Int(Self.word(header, 8))
        let isSize = size >= 512 && size <= 65_536 && size.nonzeroBitCount == 1
        pageBytes = isSize ? size : 4_096
        stored = (Self.word(header, 24), Self.word(header, 28))
        running = (0, 0)
        Self.add(header[0..<24], to: &running, isBigEndian: isBigEndian)
        if magic & ~1 == 0x377f_0682, isSize, running == stored {
            salts = Array(header[16..<24])
        } else {
            firstBad = -1
            badHeader = header
        }
    }

    /// Whether a bad header is one of a log that began again, over the header before, whose frames these are.
    private func isHalfWritten(_ header: [UInt8], first frame: [UInt8]) -> Bool {
        let number = Self.word(header, 12) &- 1
        var before = header
        for place in 0..<4 { before[12 + place] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * place)) }
        before.replaceSubrange(16..<24, with: frame[8..<16])
        var checksum: Checksum = (0, 0)
        Self.add(before[0..<24], to: &checksum, isBigEndian: isBigEndian)
        sum(frame, &checksum)
        return checksum == (Self.word(frame, 16), Self.word(frame, 20))
    }

    /// The next frame: its header, then its page.
    mutating func add(_ frame: [UInt8]) {
        defer { count += 1 }
        if salts == nil { salts = Array(frame[8..<16]) }
        if let header = badHeader {
            badHeader = nil
            if isHalfWritten(header, first: frame) { isMovedAway = true }
        }
        if isMovedAway { return }
        let fits = frame[8..<16].elementsEqual(salts ?? [])
        let isCommit = Self.word(frame, 4) != 0
        let own: Checksum = (Self.word(frame, 16), Self.word(frame, 20))
        defer { stored = own }
        if firstBad == nil {
            var checksum = running
            sum(frame, &checksum)
            if fits, checksum == own {
                running = own
                return
            }
            firstBad = count
            isBehindCommit = fits && isCommit && isInOneSector
            return
        }
        guard fits else { return }
        var checksum = stored
        sum(frame, &checksum)
        guard checksum == own else { return }
        if isBehindCommit { isDamaged = true }
        if isCommit {
            isBehindCommit = true
            commitsBehind += 1
        }
    }

    var damage: Damage? {
        guard isDamaged, let firstBad else { return nil }
        return Damage(frame: firstBad, commits: commitsBehind)
    }

    private var isInOneSector: Bool {
        let begin = (Self.headerBytes + count * (Self.frameHeaderBytes + pageBytes)) % Self.sectorBytes
        return begin + Self.frameHeaderBytes <= Self.sectorBytes
    }

    private func sum(_ frame: [UInt8], _ checksum: inout Checksum) {
        Self.add(frame[0..<8], to: &checksum, isBigEndian: isBigEndian)
        Self.add(frame[Self.frameHeaderBytes...], to: &checksum, isBigEndian: isBigEndian)
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Fletcher-like sums over pairs of 32-bit words (the specification's "checksum algorithm").
    private static func add(_ bytes: ArraySlice<UInt8>, to sums: inout Checksum, isBigEndian: Bool) {
        var (first, second) = sums
        bytes.withUnsafeBytes { words in
            for offset in stride(from: 0, to: words.count - 7, by: 8) {
                let left = words.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let right = words.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                first &+= (isBigEndian ? left.bigEndian : left.littleEndian) &+ second
                second &+= (isBigEndian ? right.bigEndian : right.littleEndian) &+ first
            }
        }
        sums = (first, second)
    }
}
