/// The clone URL of a repository, normalised so that one repository has one spelling; never holds a password.
///
/// Which schemes and hosts may be reached is the reader's policy, not decided here.
package struct RepositoryURL: Hashable, Comparable, Sendable, CustomStringConvertible {
    package enum Scheme: String, CaseIterable, Sendable {
        case https, http, ssh, git, file
    }

    package let scheme: Scheme
    /// Host in lower case, with user and port where given; empty for `file`.
    package let authority: String
    package let path: String

    package var text: String { "\(scheme.rawValue)://\(authority)\(path)" }
    package var description: String { text }
    package static func < (a: RepositoryURL, b: RepositoryURL) -> Bool { a.text < b.text }

    /// The host without user and port; empty for `file`.
    package var host: String {
        let withPort = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if withPort.hasPrefix("[") { return String(withPort.prefix { $0 != "]" }.dropFirst()) }
        return String(withPort.prefix { $0 != ":" })
    }

    package init(_ text: String) throws(PipelineError) {
        guard let schemeEnd = text.firstRange(of: "://") else {
            throw PipelineError(
                .invalidRepository, "repository must be a URL such as https://git.example.org/team/app.git")
        }
        guard let scheme = Scheme(rawValue: text[..<schemeEnd.lowerBound].lowercased()) else {
            let known = alternatives(Scheme.allCases.map(\.rawValue))
            throw PipelineError(.invalidRepository, "repository URL must start with \(known)")
        }
        let isSafe = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\\\"<>^`{|}".utf8.contains($0) }
        let encoded = text.lowercased()
        guard isSafe, !["%00", "%0a", "%0d", "%2f", "%5c"].contains(where: encoded.contains) else {
            throw PipelineError(.invalidRepository, "repository URL has a character that has no place in it")
        }
        let rest = text[schemeEnd.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        self.scheme = scheme
        authority = try Self.authority(rest[..<slash], scheme: scheme)
        path = try Self.path(rest[slash...])
    }

    private static func authority(_ text: Substring, scheme: Scheme) throws(PipelineError) -> String {
        if scheme == .file {
            guard text.isEmpty else {
                throw PipelineError(.invalidRepository, "a file URL has three slashes: file:///srv/git/app.git")
            }
            return ""
        }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.last, !host.isEmpty, host.first != ":", host.first != "-" else {
            throw PipelineError(.invalidRepository, "repository URL has no host")
        }
        guard parts.count == 2 else { return host.lowercased() }
        let user = parts[0]
        guard scheme == .ssh, !user.contains(":"), !user.isEmpty, user.first != "-" else {
            throw PipelineError(.invalidRepository, "repository URL holds credentials; they belong into agent.conf")
        }
        return "\(user)@\(host.lowercased())"
    }

    private static func path(_ text: Substring) throws(PipelineError) -> String {
        guard !text.contains("?"), !text.contains("#") else {
            throw PipelineError(.invalidRepository, "repository URL has a query or fragment")
        }
        let components = text.split(separator: "/")
        guard !components.isEmpty, !components.contains(".."), !components.contains(".") else {
            throw PipelineError(.invalidRepository, "repository URL has no path, or `.` or `..` in it")
        }
        return "/" + components.joined(separator: "/")
    }
}
