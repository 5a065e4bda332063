internal import CCurl

// What libcurl calls on the transfer thread. `context` is the transfer, which the easy handle keeps alive.

private func transfer(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
    context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
}

func receiveHeader(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let transfer = transfer(context) else { return 0 }
    return transfer.receive(header: UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : 0
}

func receiveBody(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let transfer = transfer(context) else { return 0 }
    switch transfer.receive(body: UnsafeRawBufferPointer(start: data, count: size * count)) {
    case .taken: return size * count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    }
}

func fillUpload(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let transfer = transfer(context) else { return Int(CURL_READFUNC_ABORT) }
    switch transfer.fillUpload(UnsafeMutableRawBufferPointer(start: data, count: size * count)) {
    case .bytes(let count): return count
    case .pause: return Int(CURL_READFUNC_PAUSE)
    case .failed: return Int(CURL_READFUNC_ABORT)
    }
}

/// libcurl only ever seeks from the start (`origin` is SEEK_SET).
func rewindUpload(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: CInt) -> CInt {
    guard origin == 0, transfer(context)?.rewindUpload(to: Int64(offset)) == true else { return CURL_SEEKFUNC_CANTSEEK }
    return CURL_SEEKFUNC_OK
}

/// Keeps requests that another server caused away from this machine.
func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let transfer = transfer(context), let address else { return -1 }
    // A proxy may be anywhere: whoever runs this process names it.
    if transfer.request.refusesLocalAddresses, transfer.request.transport.proxy == nil, isLocal(address) {
        transfer.abort(
            HTTPError(
                .redirect,
                "refusing to follow another server to `\(transfer.request.url.origin)`: an address of this machine"))
        return -1
    }
    return caisson_curl_open_socket(address)
}

/// Loopback, link-local (where cloud machines keep their credentials) and unspecified addresses.
private func isLocal(_ address: UnsafePointer<curl_sockaddr>) -> Bool {
    var text = [CChar](repeating: 0, count: 64)
    guard caisson_curl_address_text(address, &text, text.count) else { return false }
    return isLocalAddress(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
}

/// Whether `text`, an address as inet_ntop(3) writes it, leads to this machine or its host.
func isLocalAddress(_ text: String) -> Bool {
    let address = text.hasPrefix("::ffff:") ? text.dropFirst("::ffff:".count) : Substring(text)
    return address.hasPrefix("127.") || address.hasPrefix("169.254.") || address.hasPrefix("0.") || address == "::1"
        || address == "::" || ["fe8", "fe9", "fea", "feb"].contains { address.hasPrefix($0) }
}
