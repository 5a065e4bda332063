import Foundation
import Git
import HTTP
import Linux
import Synchronization
import SystemPackage
import TestServers
import Testing

/// A directory with a bare repository `repository.git`, a clone to commit in, and a place for mirrors. Removed at the end.
final class GitWorkspace: Sendable {
    let root: FilePath
    let client = HTTPClient()
    private let servers = Mutex<[GitHTTPServer]>([])

    var served: FilePath { root.appending("served") }
    var bare: FilePath { served.appending("repository.git") }
    var clone: FilePath { root.appending("clone") }
    var mirrors: FilePath { root.appending("mirrors") }
    var fileURL: String { "file://\(bare)" }

    init() async throws {
        root = FilePath(NSTemporaryDirectory()).appending("git-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: served.string, withIntermediateDirectories: true)
        try await git("init", "--quiet", "--template=", "--bare", "--initial-branch=main", bare.string, in: root)
        try await git("init", "--quiet", "--template=", "--initial-branch=main", clone.string, in: root)
        try await git("remote", "add", "origin", bare.string)
    }

    /// A server for the repositories of `served` that runs as long as the workspace exists.
    func serve(
        ignoresProtocol: Bool = false,
        answer: @escaping @Sendable (GitHTTPServer.Request) -> GitHTTPServer.Answer = { _ in .backend }
    ) throws -> GitHTTPServer {
        let server = try GitHTTPServer(served, ignoresProtocol: ignoresProtocol, answer: answer)
        servers.withLock { $0.append(server) }
        return server
    }

    deinit { try? FileManager.default.removeItem(atPath: root.string) }

    /// Runs git without anybody's configuration and returns its output without the newline at the end.
    @discardableResult
    func git(_ arguments: String..., in directory: FilePath? = nil, input: [UInt8] = []) async throws -> String {
        var command = Command("/usr/bin/git", arguments, environment: GitWorkspace.environment(home: root))
        command.directory = directory ?? clone
        command.input = .bytes(input)
        command.output = .capture(limit: 64 << 20)
        command.deadline = .seconds(60)
        let result = try await command.run()
        try #require(result.status.isSuccess, "git \(arguments.joined(separator: " ")): \(result.errorText)")
        return result.outputText.trimmingCharacters(in: .newlines)
    }

    static func environment(home: FilePath) -> [String] { GitHTTPServer.environment(home: home) }

    func write(_ text: String, to path: String) throws {
        let file = clone.appending(path)
        try FileManager.default.createDirectory(
            atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
    }

    /// Commits everything in the clone and pushes it to `branch`.
    func commit(_ message: String, push branch: String = "main") async throws -> CommitID {
        try await git("add", "--all")
        try await git("commit", "--quiet", "--allow-empty", "-m", message)
        try await git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/\(branch)")
        return try await head()
    }

    func head() async throws -> CommitID { try #require(CommitID(try await git("rev-parse", "HEAD"))) }

    /// The helper program stands beside the test program.
    static var helperProgram: FilePath {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FilePath(program).removingLastComponent().appending("git-helper")
    }

    func remote(_ change: (inout GitFetchLimits) -> Void = { _ in }) -> GitRemote {
        var limits = GitFetchLimits()
        limits.deadline = .seconds(60)
        change(&limits)
        return GitRemote(client: client, helper: GitHelper(program: GitWorkspace.helperProgram, limits: limits))
    }

    func mirror(of url: String, _ change: (inout GitFetchLimits) -> Void = { _ in }) throws -> GitMirror {
        GitMirror(of: try anyURL(url), in: mirrors, remote: remote(change))
    }
}

func anyURL(_ text: String) throws -> GitURL { try GitURL.parse(text, allowing: Set(GitURL.Scheme.allCases)) }

/// Expects `body` to fail with `code`, and returns the message.
@discardableResult
func expectError(
    _ code: GitError.Code, _ body: () async throws -> Void, at location: SourceLocation = #_sourceLocation
) async -> String {
    do {
        try await body()
        Issue.record("expected \(code)", sourceLocation: location)
    } catch let error as GitError {
        #expect(error.code == code, "\(error)", sourceLocation: location)
        return error.message
    } catch {
        Issue.record(error, sourceLocation: location)
    }
    return ""
}
