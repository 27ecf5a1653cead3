internal import EventCore

extension Wire {
    /// What comes first where a proxy must say whose connection this is; the rest of the bytes is the peer's.
    func receivedProxyHeader(_ bytes: UnsafeRawBufferPointer) {
        switch proxyHeader!.receive(bytes) {
        case .needsMore:
            return
        case .invalid:
            return close(ConnectionLoss(.proxyHeaderInvalid))
        case .complete(let source, let consumed):
            proxyHeader = nil
            guard delegate?.wireReceivedProxyHeader(source: source) == true, state == .open else { return }
            if tls == nil { handshook() }
            rearm()
            let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            if state == .open, !rest.isEmpty { received(rest) }
        }
    }
}
