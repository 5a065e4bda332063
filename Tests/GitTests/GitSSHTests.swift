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

/// sshd on a port of its own, with a fresh host key and one user key.
struct SSHServer: Sendable {
    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd") && prepareSeparationDirectory()
    }

    let port: UInt16
    let hostKey: String
    let credentials: GitCredentials
    private let workspace: GitWorkspace
    private let process: ChildProcess

    var knownHost: String { "[127.0.0.1]:\(port) \(hostKey)" }

    init(for workspace: GitWorkspace) async throws {
        self.workspace = workspace
        let root = workspace.root
        try await SSHServer.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(root)/host")
        credentials = try await SSHServer.key("user", in: root)
        let publicKey = try String(contentsOfFile: "\(root)/user.pub", encoding: .utf8)
        try Data(publicKey.utf8).write(to: URL(fileURLWithPath: "\(root)/authorized"))
        let words = try String(contentsOfFile: "\(root)/host.pub", encoding: .utf8).split(separator: " ")
        hostKey = "\(words[0]) \(words[1])"
        port = try SSHServer.freePort()
        let configuration = """
            Port \(port)
            ListenAddress 127.0.0.1
            HostKey \(root)/host
            AuthorizedKeysFile \(root)/authorized
            PidFile none
            StrictModes no
            UsePAM no
            PermitRootLogin yes
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            SetEnv GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

            """
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(root)/sshd_config"))
        var command = Command("/usr/sbin/sshd", ["-D", "-e", "-f", "\(root)/sshd_config"])
        command.deadline = .seconds(120)
        process = try await command.start()
        while !SSHServer.isListening(port) { try await Task.sleep(for: .milliseconds(10)) }
    }

    func url(of repository: FilePath) -> String { "ssh://\(NSUserName())@127.0.0.1:\(port)\(repository)" }

    func fingerprint() async throws -> String {
        let text = try await SSHServer.run("/usr/bin/ssh-keygen", "-l", "-f", "\(workspace.root)/host.pub")
        return try #require(text.split(separator: " ").first { $0.hasPrefix("SHA256:") }.map { String($0) })
    }

    func makeKey(_ name: String) async throws -> GitCredentials { try await SSHServer.key(name, in: workspace.root) }

    private static func key(_ name: String, in root: FilePath) async throws -> GitCredentials {
        try await run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(root)/\(name)")
        return .privateKey(user: NSUserName(), path: "\(root)/\(name)", passphrase: nil)
    }

    @discardableResult
    private static func run(_ program: FilePath, _ arguments: String...) async throws -> String {
        var command = Command(program, arguments)
        command.deadline = .seconds(30)
        let result = try await command.run()
        try #require(result.status.isSuccess, "\(program): \(result.errorText)")
        return result.outputText
    }

    /// sshd started by root insists on this directory.
    private static func prepareSeparationDirectory() -> Bool {
        geteuid() != 0 || mkdir("/run/sshd", 0o755) == 0 || errno == EEXIST
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw SystemError("find a free port") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func isListening(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
