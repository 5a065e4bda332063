import ArgumentParser
import Build
import Dockerfile
import Engine
import Git
import HTTP
import Linux
import OCI
import SystemPackage

/// What is built: the context, the Dockerfile, what stands in for stages and images.
struct ContextOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            """
            A directory; a repository (URL#ref:subdirectory, github.com/OWNER/NAME); an archive (tar, also \
            compressed) or a Dockerfile, as a file, a URL, or - for standard input.
            """))
    var context = "."

    @Option(
        name: [.short, .customLong("file")],
        help: ArgumentHelp(
            """
            The Dockerfile: a path (in a context that is no directory, from its root), a URL, - for standard input. \
            Default: Dockerfile in the context.
            """))
    var file: String?

    @Option(
        name: .customLong("build-context"),
        help: ArgumentHelp(
            """
            Stands in for the stage or image of that name: a directory, docker-image://REF, \
            oci-layout://PATH[:TAG|@DIGEST], an archive, a repository, a URL.
            """, valueName: "name=…"))
    var buildContext: [String] = []

    private static let standardInput = "/dev/stdin"

    /// Whether standard input is the context or the Dockerfile.
    var areGivenInput: Bool { context == "-" || file == "-" }

    /// `arguments` are the build's: one of them asks for the `.git` of a repository's commit. `inline` is the Dockerfile
    /// itself, in place of a file.
    func source(
        through remotes: BuildRemotes, arguments: [String: String] = [:], inline: String? = nil
    ) async throws -> BuildSource {
        guard context != "-" || file != "-" else {
            throw CommandFailure.usage("standard input cannot be both the context and the Dockerfile")
        }
        let keeps = ["1", "true"].contains(arguments["BUILDKIT_CONTEXT_KEEP_GIT_DIR"] ?? "")
        return try await remotes.source(
            try origin(), dockerfile: try inline.map { .bytes(Array($0.utf8)) } ?? dockerfile(),
            keepsGitDirectory: keeps)
    }

    private func origin() throws -> ContextOrigin {
        if context == "-" {
            try Self.requirePipe(for: "an archive or a Dockerfile")
            return .stream(try BlobStream(streaming: FilePath(Self.standardInput)))
        }
        let path = FilePath(context).absolute()
        if GitAddress.isAddress(context), !(GitAddress.isShort(context) && FileContents.exists(path)) {
            do {
                return .repository(
                    try GitAddress(parsing: context, allowing: [.https, .http, .ssh, .git, .file]))
            } catch let error as RemoteSourceError {
                throw CommandFailure.usage(error.message, hint: error.hint)
            }
        }
        if RemoteSource.isURL(context) { return .url(try Self.url(context)) }
        if context.contains("://") {
            throw CommandFailure.usage(
                "`\(HTTPURL.redact(context))` is no build context",
                hint: "name a directory, a git repository, an http or https URL, or - for standard input")
        }
        return try .local(path)
    }

    private func dockerfile() throws -> DockerfileOrigin {
        guard let file else { return .usual }
        if RemoteSource.isURL(file) { return .url(try Self.url(file)) }
        guard file == "-" else { return .path(file) }
        try Self.requirePipe(for: "the Dockerfile")
        return .bytes(try FileContents.read(FilePath(Self.standardInput), limit: 16 << 20))
    }

    /// Nobody types what is wanted, and a terminal would only seem to hang.
    private static func requirePipe(for wanted: String) throws {
        guard StandardInput.isTerminal else { return }
        throw CommandFailure.usage(
            "`-` reads \(wanted) from standard input, which is a terminal", hint: "pipe it in, or write < FILE")
    }

    private static func url(_ text: String) throws -> HTTPURL {
        do { return try HTTPURL(parsing: text) } catch { throw CommandFailure.usage(error.message) }
    }

    func namedContexts(of engine: Engine, through remotes: BuildRemotes) async throws -> NamedContexts {
        var contexts: [String: NamedContext] = [:]
        var names: Set<String> = []
        for text in buildContext {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandFailure.usage("`\(text)` is not of the form name=context")
            }
            let name = String(text[..<equals])
            guard text.index(after: equals) != text.endIndex else {
                throw CommandFailure.usage(
                    "the named context `\(name)` is nothing", hint: "for this directory, \(name)=.")
            }
            guard names.insert(name.lowercased()).inserted else {
                throw CommandFailure.usage("two named contexts are called `\(name)`")
            }
            contexts[name] = try await engine.namedContext(
                String(text[text.index(after: equals)...]), from: WorkingDirectory.path, through: remotes)
        }
        return NamedContexts(contexts)
    }
}

extension BuildSource {
    /// `epoch` is `auto` or a number of seconds.
    func request(
        targets: [String], arguments: [String: String], labels: [String: String], platforms: [Platform],
        network: RunOperation.Network, epoch: String, usesCache: Bool
    ) async throws -> BuildRequest {
        var fixed: Int64?
        if epoch != "auto" {
            guard let seconds = Int64(epoch), seconds >= 0 else {
                throw CommandFailure.usage("epoch `\(epoch)` is neither auto nor a number of seconds")
            }
            fixed = seconds
        }
        let environment = ProcessEnvironment.variables()["SOURCE_DATE_EPOCH"].flatMap { Int64($0) }
        let created: Int64
        if let fixed { created = fixed } else { created = try await self.created(environment: environment) }
        return BuildRequest(
            dockerfile: dockerfile, context: context, targets: targets, buildArguments: arguments, labels: labels,
            platforms: platforms, network: network, epoch: fixed, created: created, usesCache: usesCache)
    }
}
