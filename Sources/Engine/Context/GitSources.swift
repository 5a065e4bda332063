import Archive
import Build
import Git
import Linux
import OCI
import Storage
import Synchronization
import SystemPackage

/// Commits of repositories, as one build sees them: what a ref names is asked once, so that all of the build is of the
/// same commit.
final class GitSources: Sendable {
    /// A commit whose objects are here.
    struct Fetched: Sendable {
        let commit: GitCommit
        let mirror: GitMirror
    }

    private struct Lookup: Hashable {
        let url: GitURL
        let ref: GitAddress.Ref
    }

    private static let submoduleDepth = 5
    private static let submoduleLimit = 200

    private let remote: GitRemote
    private let mirrors: FilePath
    private let schemes: Set<GitURL.Scheme>
    private let credentials: ServerCredentials
    private let lookups = SharedWork<Lookup, CommitID, Never>()
    private let known = Mutex<[Lookup: CommitID]>([:])

    init(_ configuration: EngineConfiguration, remote: GitRemote, credentials: ServerCredentials) {
        self.remote = remote
        self.credentials = credentials
        mirrors = configuration.root.appending("git")
        schemes = configuration.gitSchemes
    }

    // MARK: Contexts

    /// The files of the commit that `address` names.
    func context(of address: GitAddress, keepsGitDirectory: Bool = false) async throws -> GitContext {
        let fetched = try await fetch(address)
        return try await context(of: fetched, address, keepsGitDirectory: keepsGitDirectory)
    }

    /// With a subdirectory there is no `.git`: it would be of other files than those beside it.
    func context(of fetched: Fetched, _ address: GitAddress, keepsGitDirectory: Bool = false) async throws -> GitContext
    {
        try await Self.explained {
            let keeps = (keepsGitDirectory || address.keepsGitDirectory == true) && address.subdirectory.isEmpty
            let tree = try await fetched.mirror.tree(of: fetched.commit.id, at: address.subdirectory)
            var parts = [GitContext.Part(tree, mirror: fetched.mirror.path)]
            if address.hasSubmodules {
                try await self.addSubmodules(
                    of: fetched, tree, below: address.subdirectory, at: .root, depth: 1, to: &parts)
            }
            return try await BlockingThread(label: "git").run { [parts] in
                try GitContext(parts, keeping: keeps ? fetched.commit : nil)
            }
        }
    }

    private func addSubmodules(
        of fetched: Fetched, _ tree: GitTree, below directory: String, at place: EntryPath, depth: Int,
        to parts: inout [GitContext.Part]
    ) async throws {
        let links = tree.entries.filter { $0.kind == .submodule }
        guard !links.isEmpty else { return }
        let url = fetched.mirror.url
        guard depth <= Self.submoduleDepth, parts.count + links.count <= Self.submoduleLimit else {
            throw RemoteSourceError(
                "\(url) has more than \(Self.submoduleLimit) submodules, or more than \(Self.submoduleDepth) in each other"
            )
        }
        var modules = GitModules(parsing: [])
        if let entry = try await fetched.mirror.entry(".gitmodules", of: fetched.commit.id), entry.kind == .file {
            modules = GitModules(parsing: try await fetched.mirror.blob(entry.id, limit: 1 << 20))
        }
        for link in links {
            guard let path = EntryPath(link.path) else { continue }
            let name = directory.isEmpty ? path.description : "\(directory)/\(path)"
            let target = try modules.url(of: name, beside: url, allowing: schemes)
            let below = try await fetch(CommitID(link.id), of: target, seenAt: nil)
            let tree = try await below.mirror.tree(of: below.commit.id)
            let inner = place.appending(path)
            parts.append(GitContext.Part(tree, mirror: below.mirror.path, at: inner))
            try await addSubmodules(of: below, tree, below: "", at: inner, depth: depth + 1, to: &parts)
        }
    }

    // MARK: Commits

    /// Says that whoever builds named this repository, not a Dockerfile.
    func trust(_ address: GitAddress) { credentials.trust(address.url) }

    /// The commit that `address` names, fetched unless it is here.
    func fetch(_ address: GitAddress) async throws -> Fetched {
        try await Self.explained(address.url) {
            let (id, ref) = try await self.resolve(address)
            if let digits = address.checksum, !id.hex.hasPrefix(digits) {
                throw RemoteSourceError(
                    "\(address) is at the commit \(id), which does not begin with the checksum `\(digits)`")
            }
            return try await self.fetch(id, of: address.url, seenAt: ref)
        }
    }

    private func fetch(_ id: CommitID, of url: GitURL, seenAt ref: RefName?) async throws -> Fetched {
        let credentials = credentials.credentials(for: url)
        // What one may see is not for those who may not.
        let mirror = GitMirror(of: url, in: mirrors, remote: remote, scope: credentials.map { "\($0)" } ?? "")
        try await mirror.ensure(id, seenAt: ref, credentials: credentials)
        return Fetched(commit: try await mirror.commit(id), mirror: mirror)
    }

    private func resolve(_ address: GitAddress) async throws -> (CommitID, RefName?) {
        let names: [RefName]
        switch address.ref {
        case .commit(let id): return (id, nil)
        case .head: names = [.head]
        case .full(let name): names = [name]
        case .tag(let name): names = [try RefName("refs/tags/\(name)")]
        case .branch(let name): names = [try RefName("refs/heads/\(name)")]
        case .name(let name): names = [try RefName("refs/tags/\(name)"), try RefName("refs/heads/\(name)")]
        }
        let lookup = Lookup(url: address.url, ref: address.ref)
        if let id = known.withLock({ $0[lookup] }) { return (id, names.last) }
        let id = try await lookups.value(for: lookup, receive: { _ in }) { [remote, credentials] _ in
            let refs = try await remote.refs(
                of: address.url, prefixes: names.map(\.text), credentials: credentials.credentials(for: address.url))
            guard let id = names.lazy.compactMap({ refs[$0] }).first else { throw Self.missing(address) }
            return id
        }
        known.withLock { $0[lookup] = id }
        return (id, names.last)
    }

    private static func missing(_ address: GitAddress) -> RemoteSourceError {
        switch address.ref {
        case .name(let name):
            let isDigits = name.utf8.count >= 7 && name.allSatisfy { $0.isASCII && $0.isHexDigit }
            return RemoteSourceError(
                "\(address.url) has neither a tag nor a branch `\(name)`",
                hint: isDigits ? "a commit is named by all 40 digits of its id" : nil)
        case .tag(let name): return RemoteSourceError("\(address.url) has no tag `\(name)`")
        case .branch(let name): return RemoteSourceError("\(address.url) has no branch `\(name)`")
        case .full(let name): return RemoteSourceError("\(address.url) has no ref `\(name)`")
        case .head, .commit:
            return RemoteSourceError("\(address.url) has no default branch", hint: "say which branch: URL#branch")
        }
    }

    /// What git says as what a build says.
    private static func explained<Result>(
        _ url: GitURL? = nil, _ body: () async throws -> Result
    ) async throws -> Result {
        do { return try await body() } catch let error as GitError {
            let isInfrastructure: Bool =
                switch error.code {
                case .unreachable, .untrustedServer, .rateLimited, .timeout, .protocolViolation, .corruptMirror,
                    .system:
                    true
                case .invalidURL, .invalidName, .repositoryNotFound, .unauthorized, .limitExceeded, .notFound,
                    .hostileTree, .unsupported:
                    false
                }
            var hint: String?
            if error.code == .unauthorized, let url, url.scheme.isHTTP {
                hint = "a token is given with --secret id=GIT_AUTH_TOKEN.\(url.host),src=FILE"
            }
            throw RemoteSourceError(error.message, hint: hint, isInfrastructure: isInfrastructure)
        }
    }
}
