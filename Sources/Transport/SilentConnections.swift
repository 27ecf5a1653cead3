/// Connections that have not made a call yet, by their progress; the oldest with least progress is closed first when
/// a place is needed.
struct SilentConnections {
    /// How far a connection has progressed; each stage has cost its peer more.
    enum Stage: Hashable {
        /// No complete ClientHello has arrived.
        case mute
        /// The same without TLS: no SETTINGS have arrived.
        case mutePlain
        /// The TLS handshake is under way after the ClientHello, or the client's SETTINGS are missing.
        case handshaking
        /// Everything except a call.
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

    /// The connection to close for another handshake: the least progressed first.
    var oldestHandshake: UInt64? {
        mutating get { mute.oldest ?? handshaking.oldest }
    }

    /// The connection to close for another.
    var oldest: UInt64? {
        mutating get {
            let (encrypted, plain) = (mute.oldest, mutePlain.oldest)
            if let encrypted, let plain { return min(encrypted, plain) }
            return encrypted ?? plain ?? handshaking.oldest ?? quiet.oldest
        }
    }
}
