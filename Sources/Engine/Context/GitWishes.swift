import Archive
import Build
import Dockerfile
import Git

/// The fragment and the query behind a repository's URL, each wish once.
struct GitWishes {
    private let url: GitURL
    private var values: [String: String] = [:]

    private static let refs = ["ref", "tag", "branch"]
    /// `mtime` and `fetch-by-commit` say how others go about it; contexts have no times here, and commits are always
    /// fetched by id.
    private static let known = refs + ["commit", "subdir", "keep-git-dir", "submodules", "mtime", "fetch-by-commit"]

    init(of url: GitURL) { self.url = url }

    /// `ref:subdirectory`.
    mutating func read(fragment: Substring) throws {
        guard let text = Self.percentDecoded(fragment) else { throw error("has a malformed fragment") }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if !parts[0].isEmpty { values["ref"] = String(parts[0]) }
        if parts.count > 1, !parts[1].isEmpty { values["subdir"] = String(parts[1]) }
    }

    mutating func read(query: Substring) throws {
        var seen: Set<String> = []
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let written = Self.percentDecoded(parts[0]),
                let value = Self.percentDecoded(parts.count > 1 ? parts[1] : "")
            else { throw error("has a malformed query") }
            let name = written == "checksum" ? "commit" : written
            guard Self.known.contains(name) else {
                let near = Suggestion.nearest(to: name, among: Self.known + ["checksum"])
                throw error("has the unknown query `\(name)`", hint: near.map { "did you mean `\($0)`?" })
            }
            guard seen.insert(name).inserted else { throw error("says `\(name)` twice") }
            guard !value.isEmpty || ["keep-git-dir", "submodules"].contains(name) else {
                throw error("says `\(name)` without a value")
            }
            if let other = values[name], other != value {
                throw error("says `\(name)` in its fragment and in its query: `\(other)` and `\(value)`")
            }
            values[name] = value
        }
    }

    func apply(to address: inout GitAddress) throws {
        let refs = Self.refs.filter { values[$0] != nil }
        guard refs.count <= 1 else { throw error("names a \(refs[0]) and a \(refs[1]): say one of them") }
        if let name = refs.first, let value = values[name] { address.ref = try ref(name, value) }
        if let subdirectory = values["subdir"] {
            guard let path = EntryPath(subdirectory) else {
                throw error("names the subdirectory `\(subdirectory)`, which leads out of the repository")
            }
            address.subdirectory = path.description
        }
        if let keeps = values["keep-git-dir"] { address.keepsGitDirectory = try bool(keeps, "keep-git-dir") }
        if let submodules = values["submodules"] { address.hasSubmodules = try bool(submodules, "submodules") }
        if let byCommit = values["fetch-by-commit"] { _ = try bool(byCommit, "fetch-by-commit") }
        if let times = values["mtime"], times != "checkout", times != "commit" {
            throw error("wants the times `\(times)`", hint: "mtime is `checkout` or `commit`")
        }
        if let commit = values["commit"] { try address.require(commit) }
    }

    private func ref(_ kind: String, _ value: String) throws -> GitAddress.Ref {
        if kind == "ref" {
            if let commit = CommitID(value) { return .commit(commit) }
            if value == "HEAD" { return .head }
            if value.hasPrefix("refs/"), let name = RefName(validating: Array(value.utf8)[...]) { return .full(name) }
        }
        guard RefName(validating: Array("refs/heads/\(value)".utf8)[...]) != nil else {
            throw error("names the \(kind) `\(value)`, which is no name that git allows")
        }
        return kind == "tag" ? .tag(value) : kind == "branch" ? .branch(value) : .name(value)
    }

    private func bool(_ value: String, _ name: String) throws -> Bool {
        switch value {
        case "", "1", "true": return true
        case "0", "false": return false
        default: throw error("says `\(name)=\(value)`", hint: "write \(name)=1 or \(name)=0")
        }
    }

    private func error(_ message: String, hint: String? = nil) -> RemoteSourceError {
        RemoteSourceError("the repository `\(url)` \(message)", hint: hint)
    }

    static func percentDecoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                return nil
            }
            rest = rest.dropFirst(2)
            bytes.append(value)
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
