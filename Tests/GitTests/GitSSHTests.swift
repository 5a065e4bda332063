import Foundation
import Git
import Linux
import SystemPackage
import TestServers
import Testing

/// Against OpenSSH's server, run by whoever runs the tests.
@Suite(.timeLimit(.minutes(2)), .enabled(if: SSHServer.isInstalled, "sshd is not installed"))
struct GitSSHTests {
    let workspace: GitWorkspace
    let server: SSHServer

    init() async throws {
        workspace = try await GitWorkspace()
        server = try await SSHServer(for: workspace)
    }

    private func remote(knownHosts: String?) throws -> GitRemote {
        var file: String?
        if let knownHosts {
            file = workspace.root.appending("known_hosts").string
            try Data("# servers\n\(knownHosts)\n".utf8).write(to: URL(fileURLWithPath: file ?? ""))
        }
        var limits = GitFetchLimits()
        limits.deadline = .seconds(60)
        return GitRemote(
            client: workspace.client, helper: GitHelper(program: GitWorkspace.helperProgram, limits: limits),
            trust: GitTrust(knownHosts: file))
    }

    @Test func commitsAreFetchedFromKnownHostsWithAKey() async throws {
        try workspace.write("content", to: "file")
        let commit = try await workspace.commit("one")
        let remote = try remote(knownHosts: server.knownHost)
        let url = try GitURL.parse(server.url(of: workspace.bare))
        let refs = try await remote.refs(of: url, prefixes: ["refs/heads/"], credentials: server.credentials)
        #expect(refs == [try RefName("refs/heads/main"): commit])
        let mirror = GitMirror(of: url, in: workspace.mirrors, remote: remote)
        try await mirror.ensure(commit, seenAt: try RefName("refs/heads/main"), credentials: server.credentials)
        #expect(try await mirror.tree(of: commit).entries.map(\.pathText) == ["file"])
    }

    @Test func unknownAndChangedHostKeysAreRefusedWithTheirFingerprint() async throws {
        let url = try GitURL.parse(server.url(of: workspace.bare))
        let fingerprint = try await server.fingerprint()
        let other =
            "[127.0.0.1]:\(server.port) ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHsm8VGVhR1e7i4GzHQb0GV8DhVFbYjK3oYwLqJ3v1B"
        for (known, word) in [
            (nil, "not known"), ("example.org \(server.hostKey)", "not known"), (other, "not the known one"),
        ] {
            let remote = try remote(knownHosts: known)
            let message = await expectError(.untrustedServer) {
                _ = try await remote.refs(of: url, credentials: server.credentials)
            }
            #expect(message.contains(fingerprint))
            #expect(message.contains(word))
        }
    }

    @Test func refusedKeysAndAbsentRepositoriesAreNamed() async throws {
        let remote = try remote(knownHosts: server.knownHost)
        let url = try GitURL.parse(server.url(of: workspace.bare))
        await expectError(.unauthorized) { _ = try await remote.refs(of: url) }
        let stranger = try await server.makeKey("stranger")
        await expectError(.unauthorized) { _ = try await remote.refs(of: url, credentials: stranger) }
        await expectError(.repositoryNotFound) {
            let absent = try GitURL.parse(server.url(of: workspace.root.appending("absent")))
            _ = try await remote.refs(of: absent, credentials: server.credentials)
        }
    }
}

extension SSHServer {
    init(for workspace: GitWorkspace) async throws { try await self.init(in: workspace.root) }

    var credentials: GitCredentials { .privateKey(user: user, path: key.string, passphrase: nil) }

    func makeKey(_ name: String) async throws -> GitCredentials {
        .privateKey(user: user, path: try await addKey(name).string, passphrase: nil)
    }
}
