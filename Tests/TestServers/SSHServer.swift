import Foundation
import Glibc
import Linux
package import SystemPackage

/// sshd on a port of its own, with a fresh host key and one user key.
package struct SSHServer: Sendable {
    package static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd") && prepareSeparationDirectory()
    }

    package let port: UInt16
    package let hostKey: String
    /// The file of the key that opens it.
    package let key: FilePath
    private let root: FilePath
    private let process: ChildProcess

    package var user: String { NSUserName() }

    package var knownHost: String { "[127.0.0.1]:\(port) \(hostKey)" }

    /// Keeps its keys in the directory `root`.
    package init(in root: FilePath) async throws {
        self.root = root
        try await SSHServer.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(root)/host")
        key = try await SSHServer.key("user", in: root)
        let publicKey = try String(contentsOfFile: "\(root)/user.pub", encoding: .utf8)
        try Data(publicKey.utf8).write(to: URL(fileURLWithPath: "\(root)/authorized"))
        let words = try String(contentsOfFile: "\(root)/host.pub", encoding: .utf8).split(separator: " ")
        hostKey = "\(words[0]) \(words[1])"
        let unused = try LoopbackPort.unused()
        port = unused.number
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
        while !unused.isListening { try await Task.sleep(for: .milliseconds(10)) }
    }

    package func url(of repository: FilePath) -> String { "ssh://\(user)@127.0.0.1:\(port)\(repository)" }

    package func fingerprint() async throws -> String {
        let text = try await SSHServer.run("/usr/bin/ssh-keygen", "-l", "-f", "\(root)/host.pub")
        return text.split(separator: " ").first { $0.hasPrefix("SHA256:") }.map { String($0) } ?? ""
    }

    /// A key that does not open it.
    package func addKey(_ name: String) async throws -> FilePath { try await SSHServer.key(name, in: root) }

    private static func key(_ name: String, in root: FilePath) async throws -> FilePath {
        try await run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(root)/\(name)")
        return root.appending(name)
    }

    @discardableResult
    private static func run(_ program: FilePath, _ arguments: String...) async throws -> String {
        var command = Command(program, arguments)
        command.deadline = .seconds(30)
        let result = try await command.run()
        guard result.status.isSuccess else { throw SystemError("run", program.string, errno: .ioError) }
        return result.outputText
    }

    /// sshd started by root insists on this directory.
    private static func prepareSeparationDirectory() -> Bool {
        geteuid() != 0 || mkdir("/run/sshd", 0o755) == 0 || errno == EEXIST
    }
}
