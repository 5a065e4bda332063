internal import CCurl
import Glibc

// What libcurl calls on the transfer thread. `context` is the transfer, which the easy handle keeps alive.

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

func receiveHeader(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let transfer = transfer(context) else { return 0 }
    return transfer.receive(header: UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : 0
}

func receiveBody(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let transfer = transfer(context) else { return 0 }
    switch transfer.receive(body: UnsafeRawBufferPointer(start: data, count: size * count)) {
    case .taken: return size * count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    }
}

func fillUpload(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let transfer = transfer(context) else { return Int(CURL_READFUNC_ABORT) }
    switch transfer.fillUpload(UnsafeMutableRawBufferPointer(start: data, count: size * count)) {
    case .bytes(let count): return count
    case .pause: return Int(CURL_READFUNC_PAUSE)
    case .failed: return Int(CURL_READFUNC_ABORT)
    }
}

func rewindUpload(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: CInt) -> CInt {
    guard origin == SEEK_SET, transfer(context)?.rewindUpload(to: Int64(offset)) == true else { return CURL_SEEKFUNC_CANTSEEK }
    return CURL_SEEKFUNC_OK
}

/// Opens sockets close-on-exec, which libcurl does not, and keeps requests that others caused away from this machine.
func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let transfer = transfer(context), let address else { return -1 }
    if transfer.request.refusesLocalAddresses, isLocal(caisson_curl_address(address)) {
        transfer.abort(
            HTTPError(.redirect, "refusing to follow another server to `\(transfer.request.url.origin)`: an address of this machine"))
        return -1
    }
    return socket(address.pointee.family, address.pointee.socktype | CInt(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
}

/// Loopback, link-local (where cloud machines keep their credentials) and unspecified addresses.
private func isLocal(_ address: UnsafePointer<sockaddr>?) -> Bool {
    guard let address else { return false }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let raw = UnsafeRawPointer(address)
    switch CInt(address.pointee.sa_family) {
    case AF_INET:
        var bytes = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
        inet_ntop(AF_INET, &bytes, &text, socklen_t(text.count))
    case AF_INET6:
        var bytes = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
        inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count))
    default: return false
    }
    return isLocalAddress(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
}

/// Whether `text`, an address as inet_ntop(3) writes it, leads to this machine or its host.
func isLocalAddress(_ text: String) -> Bool {
    let address = text.hasPrefix("::ffff:") ? text.dropFirst("::ffff:".count) : Substring(text)
    return address.hasPrefix("127.") || address.hasPrefix("169.254.") || address.hasPrefix("0.") || address == "::1"
        || address == "::" || ["fe8", "fe9", "fea", "feb"].contains { address.hasPrefix($0) }
}
