/// A repository in a registry, `registry/path`, normalised as Docker's tools do: `busybox` is
/// `docker.io/library/busybox` (distribution-spec 1.1, "Pulling manifests"; the reference grammar of distribution).
package struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
    /// Host and optional port. `docker.io` stands for Docker's registry, whatever its API's host is called.
    package let registry: String
    /// Slash-separated, lower case.
    package let path: String

    package init(registry: String, path: String) {
        self.registry = registry
        self.path = path
    }

    package var description: String { "\(registry)/\(path)" }
}

/// Names an image in a registry: `[registry/]path[:tag][@digest]`. With tag and digest, the digest decides.
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    package var repository: RepositoryName
    package var tag: String?
    package var digest: Digest?

    package init(repository: RepositoryName, tag: String? = nil, digest: Digest? = nil) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Parses and normalises; a reference with neither tag nor digest gets the tag `latest`.
    package init(parsing text: String) throws(OCIError) {
        func refuse(_ why: String) -> OCIError { OCIError(.invalidReference, "image reference `\(text)` \(why)") }
        guard !text.isEmpty else { throw refuse("is empty") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw refuse("has a character outside ASCII") }
        var rest = Substring(text)
        if let at = rest.firstIndex(of: "@") {
            digest = try Digest(parsing: rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        let lastSlash = rest.lastIndex(of: "/")
        if let colon = rest.lastIndex(of: ":"), lastSlash.map({ $0 < colon }) ?? true {
            let tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag) else { throw refuse("has an invalid tag `\(tag)`") }
            self.tag = tag
            rest = rest[..<colon]
        }
        var registry = "docker.io"
        if let slash = rest.firstIndex(of: "/") {
            let first = rest[..<slash]
            if first == "localhost" || first.contains(".") || first.contains(":") || first != first.lowercased() {
                registry = String(first)
                rest = rest[rest.index(after: slash)...]
            }
        }
        guard Self.isHost(registry) else { throw refuse("has an invalid registry host `\(registry)`") }
        if registry == "index.docker.io" { registry = "docker.io" }
        var path = String(rest)
        guard path == path.lowercased() else { throw refuse("has upper-case letters in its repository name") }
        guard path.utf8.count <= 255,
            path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(Self.isComponent)
        else { throw refuse("has an invalid repository name `\(path)`") }
        if registry == "docker.io", !path.contains("/") { path = "library/" + path }
        repository = RepositoryName(registry: registry, path: path)
        if tag == nil, digest == nil { tag = "latest" }
    }

    package var description: String {
        repository.description + (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// What a manifest request names: the digest if there is one, else the tag.
    package var manifestName: String { digest?.description ?? tag ?? "latest" }

    package static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, isWord(first) else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Alphanumeric runs separated by one `.`, one or two `_`, or any number of `-`.
    private static func isComponent(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isLowerAlphanumeric(first),
            isLowerAlphanumeric(last)
        else { return false }
        return text.split(whereSeparator: { $0.isASCII && ($0.isLetter || $0.isNumber) }).allSatisfy { separator in
            separator == "." || separator == "_" || separator == "__" || separator.allSatisfy { $0 == "-" }
        }
    }

    private static func isHost(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            let address = text[text.index(after: text.startIndex)..<end]
            let port = text[text.index(after: end)...]
            return !address.isEmpty && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
                && (port.isEmpty || port.hasPrefix(":") && isPort(port.dropFirst()))
        }
        guard parts.count <= 2, !parts[0].isEmpty, parts.count == 1 || isPort(parts[1]) else { return false }
        return parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            let isAlphanumeric = { (byte: UInt8) in isWord(byte) && byte != UInt8(ascii: "_") }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(text) != nil
    }
}
