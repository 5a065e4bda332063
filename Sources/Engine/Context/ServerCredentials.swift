import Build
import Git
import HTTP
import Registry
import Synchronization
import SystemPackage

/// What a build's secrets say to servers, by the names that other builders use: `HTTP_AUTH_TOKEN_host` and
/// `HTTP_AUTH_HEADER_host` for files, `GIT_AUTH_TOKEN.host` and `GIT_AUTH_HEADER.host` for repositories, an ssh-agent's
/// keys for ssh.
///
/// Each is for its host alone (`host:port` comes before `host`), and travels encrypted or not beyond this machine.
/// `GIT_AUTH_TOKEN` and `GIT_AUTH_HEADER` without a host are for the hosts of the contexts that whoever builds named, not
/// for those that a Dockerfile names.
struct ServerCredentials: Sendable {
    private let secrets: BuildSecrets
    private let sshAgent: String?
    private let named = NamedHosts()

    /// `agent` is the socket of the ssh-agent for a build that names none.
    init(_ secrets: BuildSecrets, agent: String?) {
        self.secrets = secrets
        if case .agent(let socket)? = secrets.keys["default"] { sshAgent = socket.string } else { sshAgent = agent }
    }

    /// The `Authorization` header of a request.
    func authorization(for url: HTTPURL) -> HTTP.Secret? {
        guard url.scheme == .https || Self.isHere(url.host) else { return nil }
        for host in [url.origin.authority, url.host] {
            if let header = text("HTTP_AUTH_HEADER_\(host)") { return HTTP.Secret(header) }
            if let token = text("HTTP_AUTH_TOKEN_\(host)") { return HTTP.Secret("Bearer \(token)") }
        }
        return nil
    }

    func credentials(for url: GitURL) -> GitCredentials? {
        if let own = url.credentials { return own }
        switch url.scheme {
        case .ssh: return sshAgent.map { .sshAgent(user: url.user ?? "git", socket: $0) }
        case .file, .git: return nil
        case .http where !Self.isHere(url.host): return nil
        case .http, .https:
            var suffixes: [String] = []
            if let port = url.port { suffixes.append(".\(url.host):\(port)") }
            suffixes.append("." + url.host)
            if named.contains(url.origin) { suffixes.append("") }
            for suffix in suffixes {
                if let credentials = gitCredentials(suffix) { return credentials }
            }
            return nil
        }
    }

    private func gitCredentials(_ suffix: String) -> GitCredentials? {
        // The user name that forges document for tokens.
        if let token = text("GIT_AUTH_TOKEN\(suffix)") { return .password(user: "x-access-token", HTTP.Secret(token)) }
        guard let header = text("GIT_AUTH_HEADER\(suffix)") else { return nil }
        let words = header.split(separator: " ")
        if words.count == 2, words[0].lowercased() == "basic", let pair = Base64.decode(String(words[1])),
            let colon = pair.firstIndex(of: ":")
        {
            return .password(
                user: String(pair[..<colon]), HTTP.Secret(String(pair[pair.index(after: colon)...])))
        }
        return .header(HTTP.Secret(header))
    }

    /// Says that whoever builds named this repository.
    func trust(_ url: GitURL) { named.insert(url.origin) }

    /// Files end with a line break that is no part of what they say. A value that could end a header is none.
    private func text(_ id: String) -> String? {
        guard var bytes = secrets.secrets[id]?.bytes else { return nil }
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func isHere(_ host: String) -> Bool {
        host == "localhost" || host == "[::1]" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

/// The repositories' servers that whoever builds named.
private final class NamedHosts: Sendable {
    private let origins = Mutex<Set<String>>([])

    func contains(_ origin: String) -> Bool { origins.withLock { $0.contains(origin) } }
    func insert(_ origin: String) { origins.withLock { _ = $0.insert(origin) } }
}
