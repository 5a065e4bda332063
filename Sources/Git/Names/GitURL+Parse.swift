import HTTP

extension GitURL {
    /// Parses `text`, which may come from anybody. Refused are: schemes outside `schemes`, remote helpers
    /// (`ext::…`), local paths, options in disguise (a leading `-` anywhere a program could see one), control
    /// characters also when percent-encoded, backslashes, `..` segments, queries and fragments.
    package static func parse(
        _ text: String, allowing schemes: Set<Scheme> = defaultSchemes
    ) throws(GitError) -> GitURL {
        guard !text.isEmpty else { throw invalid("is empty", text) }
        guard text.utf8.count <= 2048 else { throw invalid("is longer than 2048 bytes", text) }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw invalid("has spaces, backslashes, control or non-ASCII characters", text)
        }
        guard text.first != "-" else { throw invalid("starts with `-`", text) }

        let url: GitURL
        if let separator = text.firstRange(of: "://") {
            url = try parse(
                scheme: text[..<separator.lowerBound].lowercased(), rest: text[separator.upperBound...], of: text)
        } else if text.contains("::") {
            throw invalid("names a remote helper", text)
        } else if let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") {
            let (user, _, host) = try authority(text[..<colon], of: text)
            url = GitURL(
                scheme: .ssh, user: user, password: nil, host: try checked(host: host, of: text), port: nil,
                path: String(text[text.index(after: colon)...]), isHomeRelative: true)
        } else {
            throw invalid("is a local path; a repository of this machine is written file:///path", text)
        }
        guard schemes.contains(url.scheme) else {
            let allowed = Scheme.allCases.filter(schemes.contains).map(\.rawValue).joined(separator: ", ")
            throw invalid("uses \(url.scheme.rawValue); allowed here: \(allowed)", text)
        }
        try check(path: url.path, of: url, text)
        return url
    }

    /// What `reference`, which starts with `./` or `../`, means beside this repository (git-submodule(1)): another one
    /// of the same server, reached in the same way.
    package func resolving(_ reference: String) throws(GitError) -> GitURL {
        var directories = path.split(separator: "/")
        var rest = reference[...]
        while let step = ["./", "../"].first(where: { rest.hasPrefix($0) }) {
            rest = rest.dropFirst(step.count)
            if step == "../", directories.popLast() == nil { throw Self.invalid("leads out of its server", reference) }
        }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw Self.invalid("has spaces, backslashes, control or non-ASCII characters", reference)
        }
        let joined = (directories + [rest]).joined(separator: "/").drop { $0 == "/" }.trimmingSuffix("/")
        let url = GitURL(
            scheme: scheme, user: user, password: password, host: host, port: port,
            path: (isHomeRelative ? "" : "/") + joined, isHomeRelative: isHomeRelative)
        try Self.check(path: url.path, of: url, reference)
        return url
    }

    private static func parse(scheme: String, rest: Substring, of text: String) throws(GitError) -> GitURL {
        let scheme = scheme == "ssh+git" || scheme == "git+ssh" ? "ssh" : scheme
        guard let scheme = Scheme(rawValue: scheme) else {
            throw invalid("has the unknown scheme `\(printable(scheme))`", text)
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let trimmed = rest[slash...].trimmingSuffix("/")
        if scheme == .file {
            guard slash == rest.startIndex else { throw invalid("names a host: write file:///path", text) }
            return GitURL(scheme: .file, user: nil, password: nil, host: "", port: nil, path: String(trimmed))
        }
        let (user, password, place) = try authority(rest[..<slash], of: text)
        let (host, port) = try split(place, of: text)
        return GitURL(
            scheme: scheme, user: user, password: password, host: try checked(host: host, of: text), port: port,
            path: String(trimmed))
    }

    /// User, password and the rest of `[user[:password]@]host[:port]`.
    private static func authority(
        _ authority: Substring, of text: String
    ) throws(GitError) -> (String?, Secret?, Substring) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, nil, authority) }
        let information = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = percentDecoded(information[0]), !user.isEmpty, !user.hasPrefix("-") else {
            throw invalid("has an unusable user name", text)
        }
        var password: Secret?
        if information.count > 1 {
            guard let decoded = percentDecoded(information[1]) else {
                throw invalid("has an unusable password", text)
            }
            password = Secret(decoded)
        }
        return (user, password, authority[authority.index(after: at)...])
    }

    private static func split(_ place: Substring, of text: String) throws(GitError) -> (Substring, UInt16?) {
        var search = place
        if place.first == "[", let end = place.lastIndex(of: "]") { search = place[end...] }
        guard let colon = search.lastIndex(of: ":") else { return (place, nil) }
        let digits = place[place.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port > 0 else {
            throw invalid("has an unusable port", text)
        }
        return (place[..<colon], port)
    }

    private static func checked(host: Substring, of text: String) throws(GitError) -> String {
        let isAddress = host.first == "[" && host.last == "]" && host.count > 2
        let allowed = (isAddress ? host.dropFirst().dropLast() : host).utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
            case 0x47...0x5A, 0x67...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): !isAddress
            case UInt8(ascii: "."): true
            case UInt8(ascii: ":"): isAddress
            default: false
            }
        }
        guard allowed, !host.isEmpty, host.first != "-", host.first != "." else {
            throw invalid("has no usable host name", text)
        }
        return host.lowercased()
    }

    private static func check(path: String, of url: GitURL, _ text: String) throws(GitError) {
        let absolute = path.drop { $0 == "/" }
        guard !absolute.isEmpty else { throw invalid("names no repository", text) }
        guard absolute.first != "-" else { throw invalid("has a path that starts with `-`", text) }
        guard !path.contains("?"), !path.contains("#") else { throw invalid("has a query or a fragment", text) }
        guard let decoded = percentDecoded(path[...]) else {
            throw invalid("has a malformed percent-encoding", text)
        }
        guard decoded.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw invalid("has encoded control characters", text)
        }
        guard !decoded.split(separator: "/").contains("..") else { throw invalid("has `..` in its path", text) }
        if url.scheme == .ssh {
            // The path becomes a word of a shell on the server.
            let plain = path.utf8.allSatisfy { isWordCharacter($0) || "~/+".utf8.contains($0) }
            let user = url.user ?? "git"
            guard user.utf8.allSatisfy({ isWordCharacter($0) }) else {
                throw invalid("has an unusable user name", text)
            }
            guard plain else { throw invalid("has characters outside A-Z a-z 0-9 . _ ~ / + - in its SSH path", text) }
        }
    }

    private static func isWordCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._-".utf8.contains(byte)
        }
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        guard text.contains("%") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap({ hexadecimalValue($0 | 0x20) }),
                let low = rest.popFirst().flatMap({ hexadecimalValue($0 | 0x20) })
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Without anything between `//` and the last `@`, which might be a password.
    private static func invalid(_ reason: String, _ text: String) -> GitError {
        var shown = text[...]
        if let at = shown.lastIndex(of: "@") {
            let start = shown.firstRange(of: "://")?.upperBound ?? shown.startIndex
            shown = start < at ? shown[..<start] + "***" + shown[at...] : shown
        }
        return GitError(.invalidURL, "repository URL `\(printable(String(shown)))` \(reason)")
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ character: Character) -> Substring {
        var result = self
        while result.count > 1, result.last == character { result.removeLast() }
        return result
    }
}
