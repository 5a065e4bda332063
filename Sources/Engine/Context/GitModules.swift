import Build
import Git

/// What `.gitmodules` says (gitmodules(5), in the syntax of git-config(1)): where the repository of each path is.
struct GitModules {
    /// URLs by the path of the submodule.
    private(set) var urls: [String: String] = [:]

    init(parsing bytes: [UInt8]) {
        var path: String?
        var url: String?
        var isSubmodule = false
        func end(_ urls: inout [String: String]) {
            if isSubmodule, let path, let url { urls[path] = url }
            path = nil
            url = nil
        }
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let text = line.drop { $0 == " " || $0 == "\t" }
            if text.hasPrefix("[") {
                end(&urls)
                isSubmodule = text.dropFirst().lowercased().hasPrefix("submodule")
            } else if let equals = text.firstIndex(of: "=") {
                let name = text[..<equals].filter { $0 != " " && $0 != "\t" }.lowercased()
                let value = Self.value(text[text.index(after: equals)...])
                if name == "path" { path = value }
                if name == "url" { url = value }
            }
        }
        end(&urls)
    }

    /// Quotes keep blanks; `#` and `;` begin a comment.
    private static func value(_ text: Substring) -> String {
        var value = ""
        var kept = 0
        var isQuoted = false
        var rest = text.drop { $0 == " " || $0 == "\t" }
        while let character = rest.popFirst() {
            switch character {
            case "\"": isQuoted.toggle()
            case "\\": if let escaped = rest.popFirst() { value.append(escaped) }
            case "#" where !isQuoted, ";" where !isQuoted: return String(value.prefix(kept))
            default: value.append(character)
            }
            if isQuoted || (character != " " && character != "\t") { kept = value.count }
        }
        return String(value.prefix(kept))
    }

    /// Where the submodule at `path` is. It must be of the server that `parent` is of, or of another one by https:
    /// nothing that a repository says leads to files of this machine, or anywhere with somebody's credentials.
    func url(of path: String, beside parent: GitURL, allowing schemes: Set<GitURL.Scheme>) throws -> GitURL {
        guard let text = urls[path] else {
            throw RemoteSourceError("\(parent): the submodule `\(path)` has no URL in .gitmodules")
        }
        let url: GitURL
        do {
            url =
                text.hasPrefix("./") || text.hasPrefix("../")
                ? try parent.resolving(text) : try GitURL.parse(text, allowing: schemes)
        } catch {
            throw RemoteSourceError("\(parent): the submodule `\(path)` cannot be fetched: \(error.message)")
        }
        guard url.scheme != .file, url.scheme == .https || url.origin == parent.origin else {
            throw RemoteSourceError(
                "\(parent): the submodule `\(path)` cannot be fetched from \(url)",
                hint: "submodules come from the server of their repository, or from another one by https")
        }
        return url
    }
}
