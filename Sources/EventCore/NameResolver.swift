internal import CLinux
internal import Glibc
internal import Synchronization

/// Why a name has no address.
public struct NameResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A code of getaddrinfo (EAI_NONAME, EAI_AGAIN, ...), or `busy`.
    public let code: Int32
    public let description: String

    /// Too many lookups are already waiting.
    public static let busy: Int32 = .max
}

/// Runs getaddrinfo, which blocks, on a separate thread.
public final class NameResolver: Sendable {
    /// Maximum number of concurrent lookups: each occupies a thread, and a resolver that hangs must not exhaust the
    /// process.
    public static let lookupsMax = 16

    public static let shared = NameResolver()

    private let running = Atomic<Int>(0)

    public init() {}

    /// Looks up IPv4 and IPv6 addresses in the system's order of preference. A numeric address needs no
    /// lookup.
    ///
    /// - Throws: the resolver's code; a name that does not exist is EAI_NONAME.
    public func resolve(host: String, port: UInt16) async throws(NameResolutionError) -> [SocketAddress] {
        if let address = SocketAddress(ipAddress: host, port: port) { return [address] }
        let result: Result<[SocketAddress], NameResolutionError> = await withCheckedContinuation {
            continuation in
            guard running.add(1, ordering: .relaxed).newValue <= Self.lookupsMax else {
                running.subtract(1, ordering: .relaxed)
                continuation.resume(
                    returning: .failure(
                        NameResolutionError(
                            code: NameResolutionError.busy, description: "too many name lookups are in progress")))
                return
            }
            do throws(SystemCallError) {
                // The thread ends with its lookup; nobody joins it, so it is detached.
                try LoopThread(name: "resolver") { [self] in
                    let found = Self.lookUp(host: host, port: port)
                    running.subtract(1, ordering: .relaxed)
                    continuation.resume(returning: found)
                }.detach()
            } catch {
                running.subtract(1, ordering: .relaxed)
                continuation.resume(
                    returning: .failure(NameResolutionError(code: EAI_SYSTEM, description: error.description))
                )
            }
        }
        return try result.get()
    }

    private static func lookUp(host: String, port: UInt16) -> Result<[SocketAddress], NameResolutionError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        if code != 0 {
            return .failure(NameResolutionError(code: code, description: String(cString: gai_strerror(code))))
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            var storage = sockaddr_storage()
            if let raw = entry.pointee.ai_addr {
                let length = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
                memcpy(&storage, raw, length)
                if let address = SocketAddress(&storage, length: socklen_t(length))?.withPort(port),
                    !found.contains(address)
                {
                    found.append(address)
                }
            }
            next = entry.pointee.ai_next
        }
        return .success(found)
    }
}
