/// Connections that have not made a call yet, by how far they got, the oldest of each first to go when a place is
/// wanted.
struct SilentConnections {
    /// How far a connection got; each later one has cost its peer more.
    enum Stage: Hashable {
        /// Not a whole ClientHello came.
        case mute
        /// The same without TLS: no SETTINGS came.
        case mutePlain
        /// The TLS handshake goes on behind the ClientHello, or the client's SETTINGS are missing behind it.
        case handshaking
        /// Everything but a call.
        case quiet
    }

    private var mute = AgeQueue()
    private var mutePlain = AgeQueue()
    private var handshaking = AgeQueue()
    private var quiet = AgeQueue()

    /// TLS handshakes under way.
    var handshakeCount: Int { mute.count + handshaking.count }

    mutating func append(_ id: UInt64, _ stage: Stage) {
        switch stage {
        case .mute: mute.append(id)
        case .mutePlain: mutePlain.append(id)
        case .handshaking: handshaking.append(id)
        case .quiet: quiet.append(id)
        }
    }

    mutating func remove(_ id: UInt64, _ stage: Stage) {
        switch stage {
        case .mute: mute.remove(id)
        case .mutePlain: mutePlain.remove(id)
        case .handshaking: handshaking.remove(id)
        case .quiet: quiet.remove(id)
        }
    }

    /// Who gives a handshake's place away: those who said nothing before those who began.
    var oldestHandshake: UInt64? {
        mutating get { mute.oldest ?? handshaking.oldest }
    }

    /// Who gives a connection's place away.
    var oldest: UInt64? {
        mutating get {
            let (encrypted, plain) = (mute.oldest, mutePlain.oldest)
            if let encrypted, let plain { return min(encrypted, plain) }
            return encrypted ?? plain ?? handshaking.oldest ?? quiet.oldest
        }
    }
}
