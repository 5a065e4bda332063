import Foundation
import Git
import Linux
import SystemPackage
import TestServers
import Testing

/// Repositories of a directory behind git's own HTTP server, each with a clone to commit in.
final class ServedRepository: Sendable {
    let root: FilePath
    let server: GitHTTPServer

    init(
        answer: @escaping @Sendable (GitHTTPServer.Request) -> GitHTTPServer.Answer = { _ in .backend }
    ) async throws {
        root = FilePath(NSTemporaryDirectory()).appending("caisson-served-\(UUID())")
        try FileManager.default.createDirectory(
            atPath: root.appending("served").string, withIntermediateDirectories: true)
        server = try GitHTTPServer(root.appending("served"), answer: answer)
        try await add("repository")
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(atPath: root.string)
    }

    var url: String { server.url }

    func url(of name: String) -> String { "http://127.0.0.1:\(server.port)/\(name).git" }

    func add(_ name: String) async throws {
        let bare = root.appending("served/\(name).git").string
        let clone = root.appending(name)
        try await git(in: root, "init", "--quiet", "--template=", "--bare", "--initial-branch=main", bare)
        try await git(in: root, "init", "--quiet", "--template=", "--initial-branch=main", clone.string)
        try await git(in: clone, "remote", "add", "origin", bare)
    }

    func write(_ text: String, to file: String, in name: String = "repository", mode: Int = 0o644) throws {
        let path = root.appending(name).appending(file)
        try FileManager.default.createDirectory(
            atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path.string)
    }

    /// Commits everything in the clone and pushes it; returns the commit's id.
    @discardableResult
    func commit(_ message: String = "work", in name: String = "repository", branch: String = "main") async throws
        -> String
    {
        let clone = root.appending(name)
        try await git(in: clone, "add", "--all")
        try await git(in: clone, "commit", "--quiet", "--allow-empty", "-m", message)
        try await git(in: clone, "push", "--quiet", "--force", "origin", "HEAD:refs/heads/\(branch)")
        return try await git(in: clone, "rev-parse", "HEAD")
    }

    @discardableResult
    func git(in directory: FilePath? = nil, _ arguments: String...) async throws -> String {
        var command = Command("/usr/bin/git", arguments, environment: GitHTTPServer.environment(home: root))
        command.directory = directory ?? root.appending("repository")
        command.output = .capture(limit: 8 << 20)
        command.deadline = .seconds(60)
        let result = try await command.run()
        try #require(result.status.isSuccess, "git \(arguments): \(result.errorText)")
        return result.outputText.trimmingCharacters(in: .newlines)
    }
}
