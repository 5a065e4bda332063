/// Which requests go through which proxy, as the environment of a process says it: `http_proxy`, `https_proxy`,
/// `all_proxy` and `no_proxy`, or the same in upper case.
///
/// A proxy is a URL (http, https, socks5, socks5h) or a host with its port. `no_proxy` lists, separated by commas, what
/// is asked directly: a name with all names below it (`example.org`), names below one (`.example.org`), an address, a
/// block of IPv4 addresses (`10.0.0.0/8`), each with `:port` if it is for that port alone; `*` is everything. This
/// machine is always asked directly.
package struct HTTPProxies: Hashable, Sendable {
    private let http: String?
    private let https: String?
    private let exceptions: [Exception]

    package init(environment: [String: String] = [:]) {
        func value(_ name: String) -> String? {
            [name, name.uppercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let all = value("all_proxy")
        http = (value("http_proxy") ?? all).map(Self.url)
        https = (value("https_proxy") ?? all).map(Self.url)
        let list = value("no_proxy") ?? ""
        exceptions = list.split { $0 == "," || $0.isWhitespace }.map(Exception.init)
    }

    private static func url(_ text: String) -> String { text.contains("://") ? text : "http://" + text }

    /// The proxy's URL, which may hold a password; nil asks the server directly.
    package func proxy(for url: HTTPURL) -> String? {
        guard let proxy = url.scheme == .http ? http : https, !Self.isThisMachine(url.host),
            !exceptions.contains(where: { $0.holds(url) })
        else { return nil }
        return proxy
    }

    private static func isThisMachine(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" || IPv4Block(host)?.isLoopback == true
    }

    /// One entry of `no_proxy`.
    private struct Exception: Hashable {
        private let name: Substring
        private let port: UInt16?

        init(_ text: Substring) {
            let text = Substring(text.lowercased())
            if let colon = text.lastIndex(of: ":"), let number = UInt16(text[text.index(after: colon)...]),
                text.hasPrefix("[") || text.firstIndex(of: ":") == colon
            {
                (name, port) = (text[..<colon], number)
            } else {
                (name, port) = (text, nil)
            }
        }

        func holds(_ url: HTTPURL) -> Bool {
            if let port, port != url.origin.port { return false }
            if name == "*" { return true }
            if let block = IPv4Block(name) { return block.holds(url.host) }
            let host = url.host.hasPrefix("[") ? url.host.dropFirst().dropLast() : Substring(url.host)
            let bare =
                name.hasPrefix("[") ? name.dropFirst().dropLast() : name.hasPrefix("*.") ? name.dropFirst() : name
            return bare.hasPrefix(".") ? host.hasSuffix(bare) : host == bare || host.hasSuffix("." + bare)
        }
    }
}

/// An IPv4 address, or those that begin with the same bits: `10.0.0.0/8`.
private struct IPv4Block: Hashable {
    private let address: UInt32
    private let mask: UInt32

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        var address: UInt32 = 0
        for byte in bytes {
            guard let byte else { return nil }
            address = address << 8 | UInt32(byte)
        }
        var length = 32
        if parts.count > 1 {
            guard let number = Int(parts[1]), 0...32 ~= number else { return nil }
            length = number
        }
        mask = length == 0 ? 0 : ~0 << UInt32(32 - length)
        self.address = address & mask
    }

    var isLoopback: Bool { address >> 24 == 127 }

    func holds(_ host: String) -> Bool {
        guard let other = IPv4Block(host), other.mask == .max else { return false }
        return other.address & mask == address
    }
}

extension HTTPURL {
    /// Whether the host is an address rather than a name, in any of the forms that resolvers take for one.
    var hostIsAddress: Bool {
        guard !host.hasPrefix("["), let last = host.split(separator: ".").last else { return true }
        return last.allSatisfy { $0.isASCII && $0.isNumber } || last.hasPrefix("0x")
    }
}
