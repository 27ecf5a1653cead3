internal import CCurl

/// One request under way: owns the `CURL *` easy handle and collects the response.
///
/// The handle's callbacks refer to this object unretained: the loop keeps the transfer for as long as the handle is
/// in the multi handle, and removes the handle before it releases the transfer.
/// - Isolation: the loop's thread.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    private let deadline: ContinuousClock.Instant
    private let responseBytesMax: Int
    private var headerLines: OpaqueSlist?
    private var headers = HTTPHeaders()
    private var body: [UInt8] = []
    private var isTooLarge = false
    /// Addresses of the host that were skipped because they are not public, and others.
    private var refusedCount = 0
    private var triedCount = 0

    private typealias OpaqueSlist = UnsafeMutablePointer<curl_slist>

    init?(_ request: HTTPSRequest, configuration: HTTPSClient.Configuration, now: ContinuousClock.Instant) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        deadline = request.deadline
        responseBytesMax = request.responseBytesMax
        setDestination(request, configuration)
        if !request.mayReachPrivate { refusePrivateAddresses() }
        setTimeouts(configuration, now: now)
        setMethod(request)
        setHeaders(request, configuration)
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerLines)
    }

    /// How far the request has got, according to libcurl's counters.
    var phase: HTTPSError.Phase {
        if !body.isEmpty || info(CURLINFO_HEADER_SIZE) > 0 { return .receiving }
        // Counts a proxy's CONNECT too, so it errs on the side of "may have reached the server".
        return info(CURLINFO_REQUEST_SIZE) > 0 ? .sent : .connecting
    }

    func result(of code: CURLcode, now: ContinuousClock.Instant) -> Result<HTTPSResponse, HTTPSError> {
        if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
            return .failure(HTTPSError(.responseTooLarge(limit: responseBytesMax), phase: .receiving))
        }
        guard code == CURLE_OK else {
            if code == CURLE_COULDNT_CONNECT, refusedCount > 0, triedCount == 0 {
                return .failure(HTTPSError(.privateAddressRefused, phase: .connecting))
            }
            // libcurl's own clock has whole milliseconds and may fire a fraction early.
            let isLate = code == CURLE_OPERATION_TIMEDOUT && now + .milliseconds(2) >= deadline
            return .failure(
                HTTPSError(isLate ? .deadlineExceeded : .transport(curlCode: code.rawValue), phase: phase))
        }
        return .success(HTTPSResponse(status: info(CURLINFO_RESPONSE_CODE), headers: headers, body: body))
    }

    // MARK: Options

    private func setDestination(_ request: HTTPSRequest, _ configuration: HTTPSClient.Configuration) {
        set(CURLOPT_URL, request.url.text)
        set(CURLOPT_PROTOCOLS_STR, request.url.scheme.rawValue)
        set(CURLOPT_FOLLOWLOCATION, 0)
        // A signed path must be sent byte for byte: without this option libcurl removes dot segments.
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = configuration.authoritiesFile { set(CURLOPT_CAINFO, file) }
        // No signals from libcurl's resolver, and no wait for a stuck look-up of a cancelled transfer.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // An empty proxy also overrides the environment's: credentials and loopback traffic never use one.
        if configuration.proxy == .direct || request.url.hostKind != .other { set(CURLOPT_PROXY, "") }
    }

    /// The name is already resolved, so a second look-up cannot give another address (DNS rebinding).
    private func refusePrivateAddresses() {
        set(CURLOPT_PROXY, "")
        // A kept connection was checked when it was opened, perhaps for a request without this restriction.
        set(CURLOPT_FRESH_CONNECT, 1)
        _ = telehealth_curl_setopt_pointer(handle, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(self).toOpaque())
        _ = telehealth_curl_setopt_open_socket_callback(handle) { context, _, address in
            guard let context, let address else { return -1 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            let start = UnsafeRawPointer(address) + MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
            let count = Int(address.pointee.addrlen)
            let bytes = [UInt8](UnsafeRawBufferPointer(start: start, count: min(count, 128)))
            let isPublic =
                switch address.pointee.family {
                case AF_INET where count >= 8: PublicAddress.isPublic(ipv4: Array(bytes[4..<8]))
                case AF_INET6 where count >= 24: PublicAddress.isPublic(ipv6: Array(bytes[8..<24]))
                default: false
                }
            // CURL_SOCKET_BAD: libcurl continues with the name's next address, or gives up.
            guard isPublic else {
                transfer.refusedCount += 1
                return -1
            }
            transfer.triedCount += 1
            return socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        }
    }

    private func setTimeouts(_ configuration: HTTPSClient.Configuration, now: ContinuousClock.Instant) {
        // Zero would mean "no limit".
        let remaining = max(1, (deadline - now).wholeMilliseconds)
        set(CURLOPT_TIMEOUT_MS, Int(clamping: remaining))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(clamping: max(1, configuration.connectTimeout.wholeMilliseconds)))
    }

    private func setMethod(_ request: HTTPSRequest) {
        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post, .put: setBody(request)
        case .delete: if !request.body.isEmpty { setBody(request) }
        }
        // Set for all methods, after the options above, which choose a method themselves.
        if request.method != .head { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
    }

    private func setBody(_ request: HTTPSRequest) {
        _ = telehealth_curl_setopt_off_t(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        // Copied by libcurl, so the array need not live on. An empty array may have no address, which libcurl would
        // read as "ask the read callback".
        (request.body.isEmpty ? [0] : request.body).withUnsafeBytes { bytes in
            _ = telehealth_curl_setopt_const_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
    }

    private func setHeaders(_ request: HTTPSRequest, _ configuration: HTTPSClient.Configuration) {
        // A name with nothing after the colon removes what libcurl adds by itself: the request must be what was
        // signed.
        var lines = ["Expect:"]
        for name in ["Accept", "Content-Type"] where request.headers[name] == nil { lines.append(name + ":") }
        if request.headers["User-Agent"] == nil { lines.append("User-Agent: " + configuration.userAgent) }
        for field in request.headers.fields {
            if HTTPHeaders.isSameName(field.name, "Host")
                || HTTPHeaders.isSameName(field.name, "Content-Length")
            {
                continue
            }
            // libcurl's spelling of a header with an empty value.
            lines.append(field.value.isEmpty ? field.name + ";" : field.name + ": " + field.value)
        }
        for line in lines { headerLines = curl_slist_append(headerLines, line) ?? headerLines }
        _ = telehealth_curl_setopt_slist(handle, CURLOPT_HTTPHEADER, headerLines)
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = telehealth_curl_setopt_off_t(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(responseBytesMax))
        _ = telehealth_curl_setopt_pointer(handle, CURLOPT_WRITEDATA, context)
        _ = telehealth_curl_setopt_write_callback(handle, CURLOPT_WRITEFUNCTION) {
            bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(chunk)
        }
        _ = telehealth_curl_setopt_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = telehealth_curl_setopt_write_callback(handle, CURLOPT_HEADERFUNCTION) {
            bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHeader(line)
        }
    }

    // MARK: Callbacks

    /// - Returns: the bytes accepted; fewer than given makes libcurl end the transfer.
    private func receive(_ chunk: UnsafeRawBufferPointer) -> Int {
        guard body.count + chunk.count <= responseBytesMax else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: chunk)
        return chunk.count
    }

    /// Receives one line of the header block. libcurl itself limits a line to 100 KB and all of them to 300 KB.
    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            headers = HTTPHeaders()  // A new block: what came before was an interim answer (1xx).
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(
                name: Self.trimmed(text[..<colon]),
                value: Self.trimmed(text[text.utf8.index(after: colon)...]))
        }
        return line.count
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
        let bytes = text.utf8.drop(while: isBlank)
        let end = bytes.lastIndex { !isBlank($0) }.map { bytes.index(after: $0) } ?? bytes.startIndex
        return String(Substring(bytes[..<end]))
    }

    // MARK: libcurl's variadics

    private func set(_ option: CURLoption, _ value: Int) {
        _ = telehealth_curl_setopt_long(handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        _ = telehealth_curl_setopt_string(handle, option, value)
    }

    private func info(_ field: CURLINFO) -> Int {
        var value = 0
        _ = telehealth_curl_getinfo_long(handle, field, &value)
        return value
    }
}
