import Linux
import SystemPackage

/// An ssh-agent(1) of a build's own with the keys of some files. Its socket lies in a directory in memory that no mount
/// namespace shows; it ends with this value, and with this process.
final class PrivateSSHAgent: Sendable {
    private let directory: SharedDescriptor
    private let process: ChildProcess

    /// For connections of this process.
    var socket: FilePath { FilePath("/proc/self/fd/\(directory.rawValue)/\(Self.name)") }

    private static let name = "agent"
    /// As programs find it whose descriptor 3 is the directory.
    private static let childSocket = "/proc/self/fd/3/\(name)"

    /// `id` is what messages call the keys.
    static func start(_ keys: [FilePath], id: String) async throws -> PrivateSSHAgent {
        guard let program = Command.locate("ssh-agent"), let adder = Command.locate("ssh-add") else {
            throw RunMountError(
                "the keys `\(id)` are files, for which this host lacks ssh-agent and ssh-add",
                hint: "install openssh-client, or give the socket of an agent")
        }
        let directory = try DetachedMount.memoryDirectory(size: 64 << 10)
        var command = Command(program, ["-D", "-a", childSocket])
        command.output = .discard
        command.descriptors = [directory]
        // Set-id on many hosts: with that it would keep the keys after this process was killed.
        command.noNewPrivileges = true
        let agent = PrivateSSHAgent(directory, try await command.start())
        try await agent.listens()

        var add = Command(adder, ["-q"] + keys.map(\.string))
        // No terminal to ask for a passphrase at.
        add.environment += ["SSH_AUTH_SOCK=\(childSocket)", "SSH_ASKPASS_REQUIRE=never"]
        add.newSession = true
        add.descriptors = [directory]
        add.deadline = .seconds(30)
        let result = try await add.run()
        guard result.status.isSuccess else {
            let reason = result.errorText.split(whereSeparator: \.isNewline).joined(separator: "; ")
            throw RunMountError("cannot load the keys `\(id)`: \(reason)")
        }
        return agent
    }

    private init(_ directory: SharedDescriptor, _ process: ChildProcess) {
        self.directory = directory
        self.process = process
    }

    func stop() { process.kill() }

    /// Waits until it takes connections.
    private func listens() async throws {
        for _ in 0..<500 {
            if (try? SharedDescriptor.connecting(to: socket)) != nil { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw RunMountError("the ssh-agent of the build does not start")
    }
}
