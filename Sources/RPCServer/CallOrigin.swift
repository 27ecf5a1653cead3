internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import TLSEngine
internal import Transport

/// Determines the caller of a call when a connection carries the calls of others.
///
/// A trusted proxy's `x-forwarded-for` gives the caller's address. From anyone else a forwarding field adds nothing
/// and can only remove rights: a call that passed through some proxy is not treated as local.
struct CallOrigin {
    private let trusted: TrustedProxies

    init(_ trusted: TrustedProxies) { self.trusted = trusted }

    /// - Parameters:
    ///   - peer: the connection's peer.
    ///   - isClaimIgnored: set when the call names addresses that no trusted proxy confirms.
    func peer(
        of headers: HeaderBlock, on connection: ServerConnection, _ peer: CallPeer, isClaimIgnored: inout Bool
    ) -> CallPeer {
        let fields = Forwarding(headers)
        guard fields.isForwarded else { return peer }
        let nearest = connection.peer.address
        guard trusted.contains(nearest) else {
            isClaimIgnored = fields.namesAddresses
            return peer.isLocal ? peer.asStranger : peer
        }
        guard let origin = ForwardedFor.origin(fields.forwardedFor, nearest: nearest, trusted) else { return peer }
        return CallPeer(
            address: origin.address.description, proxy: origin.teller.sourceText, share: origin.address.shareText,
            isLocal: false, isEncrypted: peer.isEncrypted, connection: peer)
    }
}

/// What a call's headers say about proxies.
private struct Forwarding {
    /// Some proxy forwarded the call.
    private(set) var isForwarded = false
    /// `forwarded` or one of `x-forwarded-…`.
    private(set) var namesAddresses = false
    private(set) var forwardedFor: [String] = []

    init(_ headers: HeaderBlock) {
        for index in 0..<headers.count {
            let field = headers[index]
            // Nearly every call ends here: its fields are known ones, or begin differently.
            guard field.known == .other, let first = field.name.first, Self.initials.contains(first) else { continue }
            if field.nameStarts(with: "x-forwarded-") || field.name.elementsEqual("forwarded".utf8) {
                isForwarded = true
                namesAddresses = true
                if field.name.elementsEqual("x-forwarded-for".utf8) { forwardedFor.append(field.valueString) }
            } else if field.name.elementsEqual("via".utf8) {
                isForwarded = true
            }
        }
    }

    private static let initials: ClosedRange<UInt8> = UInt8(ascii: "f")...UInt8(ascii: "x")
}

extension CallPeer {
    /// The same peer without the rights of a local one.
    fileprivate var asStranger: CallPeer {
        CallPeer(
            address: address, share: share, isLocal: false, isEncrypted: isEncrypted,
            verifiedIdentity: verifiedIdentity, connection: self)
    }

    convenience init(_ peer: PeerInfo) {
        let address: String
        switch peer.address {
        case .unix: address = "unix:"
        case .ipv4, .ipv6: address = peer.address.description
        }
        self.init(
            address: address, proxy: peer.proxy?.sourceText, share: peer.address.shareText,
            isLocal: peer.address.isLoopback && !peer.isProxied, isEncrypted: peer.tls != nil,
            // The certificate of a proxy that terminates TLS identifies the proxy, not the callers behind it.
            verifiedIdentity: peer.isProxied && peer.proxy == nil
                ? nil
                : peer.tls?.certificate.map {
                    VerifiedIdentity(commonName: $0.subject, dnsNames: $0.dnsNames, uris: $0.uris)
                })
    }
}

extension SocketAddress {
    /// The format of ``CallPeer/source``.
    fileprivate var sourceText: String {
        switch self {
        case .unix: "unix"
        case .ipv4: host
        case .ipv6: "[\(host)]"
        }
    }

    /// The format of ``CallPeer/share``.
    fileprivate var shareText: String { AddressBlock(sharedBy: self)?.description ?? sourceText }
}
