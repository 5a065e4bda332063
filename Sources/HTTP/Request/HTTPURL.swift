/// An absolute `http` or `https` URL (RFC 3986), in the form in which it is requested.
///
/// User information is refused, so that no URL ever carries a credential; a fragment is dropped. The path and query
/// stay as written, apart from bytes outside printable ASCII, which are percent-encoded.
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Hashable, Sendable {
        case http
        case https

        package var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    /// Who answers: two URLs of one origin may share credentials.
    package struct Origin: Hashable, Sendable, CustomStringConvertible {
        package let scheme: Scheme
        /// Lower case; an IPv6 address in brackets.
        package let host: String
        package let port: UInt16

        package var description: String { "\(scheme.rawValue)://\(authority)" }

        /// `host[:port]`, the port only where it is not the scheme's own.
        package var authority: String { port == scheme.defaultPort ? host : "\(host):\(port)" }
    }

    package let origin: Origin
    /// Starts with a slash.
    package let path: String
    /// Without the question mark.
    package let query: String?

    package init(origin: Origin, path: String, query: String? = nil) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    package init(parsing text: String) throws(HTTPError) {
        let encoded = try Self.encode(text)
        guard let colon = encoded.firstIndex(of: ":"), encoded[colon...].hasPrefix("://"),
            let scheme = Scheme(rawValue: encoded[..<colon].lowercased())
        else { throw HTTPError(.invalidURL, "`\(Self.redact(text))` is not an http or https URL") }
        let rest = encoded[encoded.index(colon, offsetBy: 3)...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let origin = try Self.origin(scheme, rest[..<authorityEnd], in: text)
        let (path, query) = Self.split(rest[authorityEnd...])
        self.init(origin: origin, path: path.isEmpty ? "/" : String(path), query: query.map { String($0) })
    }

    package var scheme: Scheme { origin.scheme }

    package var host: String { origin.host }

    /// The whole URL, for the request itself. It may hold a secret in its query; messages use `description`.
    package var absoluteString: String { "\(origin)\(path)" + (query.map { "?" + $0 } ?? "") }

    /// For messages: a query, which may hold a signature or token, is shown as `?…`.
    package var description: String { "\(origin)\(path)" + (query == nil ? "" : "?…") }

    /// What `reference` means when it is found here, as in a `Location` header (RFC 3986 §5.2).
    package func resolving(_ reference: String) throws(HTTPError) -> HTTPURL {
        let reference = String(try Self.encode(reference))
        if let colon = reference.firstIndex(of: ":"),
            reference[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) }),
            reference.first?.isLetter == true
        {
            return try HTTPURL(parsing: reference)
        }
        if reference.hasPrefix("//") { return try HTTPURL(parsing: "\(scheme.rawValue):\(reference)") }
        let (path, query) = Self.split(Substring(reference))
        if path.isEmpty {
            return HTTPURL(origin: origin, path: self.path, query: query.map { String($0) } ?? self.query)
        }
        let base =
            path.hasPrefix("/") ? "" : String(self.path[...(self.path.lastIndex(of: "/") ?? self.path.startIndex)])
        return HTTPURL(origin: origin, path: Self.withoutDots(base + path), query: query.map { String($0) })
    }

    /// The same URL with `name=value` appended to its query.
    package func adding(query name: String, _ value: String) -> HTTPURL {
        let item = "\(name)=\(Self.percentEncode(value))"
        return HTTPURL(origin: origin, path: path, query: query.map { $0.isEmpty ? item : "\($0)&\(item)" } ?? item)
    }

    /// Everything but RFC 3986's unreserved characters, `:`, `/` and `,` percent-encoded.
    package static func percentEncode(_ text: String) -> String {
        encode(text.utf8) { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: ","):
                true
            default: false
            }
        }
    }

    /// Text that should have been a URL, without what may be a secret in it: user information and query.
    package static func redact(_ text: String) -> String {
        var text = Substring(text.prefix(512))
        if let query = text.firstIndex(where: { $0 == "?" || $0 == "#" }) { text = text[..<query] + "?…" }
        guard let at = text.lastIndex(of: "@") else { return String(text) }
        let start = text.firstRange(of: "://").map(\.upperBound) ?? text.startIndex
        return start <= at ? text[..<start] + "***" + text[at...] : String(text)
    }

    private static func origin(_ scheme: Scheme, _ authority: Substring, in text: String) throws(HTTPError) -> Origin {
        func refuse(_ why: String) -> HTTPError { HTTPError(.invalidURL, "URL `\(redact(text))` \(why)") }
        guard !authority.contains("@") else { throw refuse("carries user information") }
        var host = authority
        var port = scheme.defaultPort
        let bracket = authority.lastIndex(of: "]")
        if let colon = authority.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
            let digits = authority[authority.index(after: colon)...]
            guard digits.allSatisfy(\.isNumber), let number = UInt16(digits), number > 0 else {
                throw refuse("has an invalid port")
            }
            port = number
            host = authority[..<colon]
        }
        let isAddress = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        let inner = isAddress ? host.dropFirst().dropLast() : host
        guard !inner.isEmpty, inner.utf8.count <= 253,
            inner.allSatisfy({
                $0.isHexDigit || $0 == "." || (isAddress ? $0 == ":" : $0.isLetter || $0 == "-" || $0 == "_")
            })
        else { throw refuse("has an invalid host") }
        return Origin(scheme: scheme, host: host.lowercased(), port: port)
    }

    private static func split(_ text: Substring) -> (path: Substring, query: Substring?) {
        let text = text.prefix { $0 != "#" }
        guard let mark = text.firstIndex(of: "?") else { return (text, nil) }
        return (text[..<mark], text[text.index(after: mark)...])
    }

    private static func withoutDots(_ path: String) -> String {
        var segments: [Substring] = []
        let all = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in all.enumerated() {
            let isLast = index == all.count - 1
            switch segment {
            case ".": if isLast { segments.append("") }
            case "..":
                _ = segments.popLast()
                if isLast { segments.append("") }
            default: segments.append(segment)
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    /// Refuses control characters, which could end a request line; encodes other bytes that must not stand in a URL.
    private static func encode(_ text: String) throws(HTTPError) -> Substring {
        guard text.utf8.count <= 16384 else { throw HTTPError(.invalidURL, "URL is longer than 16384 bytes") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw HTTPError(.invalidURL, "URL contains a control character")
        }
        return Substring(encode(text.utf8) { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") })
    }

    private static func encode(_ bytes: String.UTF8View, keeping isKept: (UInt8) -> Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count)
        for byte in bytes {
            if isKept(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
