internal import EventCore

extension HTTP2Connection {
    /// Receives the PROXY header, where a proxy must send one first; the remaining bytes are the peer's.
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
