package import Build
import Dockerfile
import Git
import HTTP
import OCI
import Storage

/// URLs and repositories as the builds of an engine reach them. One for each build: what a ref names is asked once.
package final class BuildRemotes: RemoteSources {
    let git: GitSources
    let downloads: Downloads
    let gitSchemes: Set<GitURL.Scheme>
    let store: Store
    /// What is fetched stays as long as this lives.
    let lease: Lease

    init(
        _ configuration: EngineConfiguration, store: Store, http: HTTPClient, secrets: BuildSecrets,
        report: @escaping EventSink
    ) throws {
        lease = try store.lease()
        let credentials = ServerCredentials(secrets, agent: configuration.sshAgent)
        let remote = GitRemote(
            client: http, helper: configuration.gitHelper, trust: configuration.gitTrust,
            refusesLocalAddresses: !configuration.allowsLocalAddresses)
        git = GitSources(configuration, remote: remote, credentials: credentials)
        downloads = Downloads(
            client: http, store: store, credentials: credentials,
            refusesLocalAddresses: !configuration.allowsLocalAddresses, limit: configuration.downloadLimit,
            report: report)
        gitSchemes = configuration.gitSchemes
        self.store = store
    }

    private init(_ other: BuildRemotes, report: @escaping EventSink) {
        git = other.git
        downloads = other.downloads.reporting(to: report)
        gitSchemes = other.gitSchemes
        store = other.store
        lease = other.lease
    }

    /// The same, whose transfers are shown.
    func reporting(to report: @escaping EventSink) -> BuildRemotes { BuildRemotes(self, report: report) }

    package func files(of request: RemoteRequest) throws -> RemoteFiles {
        RemoteSource.isGit(request.source) ? try repository(request) : try file(request)
    }

    private func repository(_ request: RemoteRequest) throws -> RemoteFiles {
        var address = try GitAddress(parsing: request.source, allowing: gitSchemes.subtracting([.file]))
        if let checksum = request.checksum { try address.require(checksum) }
        let context = LazyContext { [git, address] in
            try await git.context(of: address, keepsGitDirectory: request.keepsGitDirectory)
        }
        return RemoteFiles(context: context, name: nil, title: "\(address)")
    }

    private func file(_ request: RemoteRequest) throws -> RemoteFiles {
        let url = try Self.url(request.source)
        guard !request.keepsGitDirectory else {
            throw RemoteSourceError("--keep-git-dir is for git repositories; `\(url)` is a file")
        }
        let checksum = try request.checksum.map(Self.digest)
        let name = Self.name(of: url)
        let context = LazyContext { [downloads, store] in
            let file = try await downloads.file(at: url, expecting: checksum)
            return StoredFileContext(file.digest, size: file.size, named: name, in: store)
        }
        return RemoteFiles(context: context, name: name, title: "\(url)")
    }

    static func url(_ text: String) throws -> HTTPURL {
        do { return try HTTPURL(parsing: text) } catch {
            let hasUser = text.dropFirst(text.hasPrefix("https") ? 8 : 7).prefix { $0 != "/" }.contains("@")
            throw RemoteSourceError(
                error.message,
                hint: hasUser ? "credentials are given with --secret id=HTTP_AUTH_HEADER_HOST,src=FILE" : nil)
        }
    }

    private static func digest(_ text: String) throws -> Digest {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else {
            throw RemoteSourceError("the checksum `\(text)` is malformed", hint: "write sha256: and 64 digits")
        }
        guard parts[0] == "sha256" else {
            throw RemoteSourceError("unsupported digest algorithm `\(parts[0])`", hint: "use sha256")
        }
        do { return try Digest(parsing: text) } catch {
            throw RemoteSourceError("the checksum `\(text)` is malformed", hint: "write sha256: and 64 digits")
        }
    }

    /// The last component of the path, as a file may be called.
    static func name(of url: HTTPURL) -> String {
        guard let last = url.path.split(separator: "/").last, let text = GitWishes.percentDecoded(last),
            let name = text.split(separator: "/").last, name != ".", name != "..", name.utf8.count <= 255
        else { return "__unnamed__" }
        return String(name)
    }
}

extension Engine {
    /// For one build, and for whatever is read for it beforehand; `secrets` may be for servers.
    package func remotes(
        secrets: BuildSecrets = BuildSecrets(), report: @escaping EventSink = { _ in }
    ) throws -> BuildRemotes {
        try BuildRemotes(configuration, store: store, http: http, secrets: secrets, report: report)
    }
}
