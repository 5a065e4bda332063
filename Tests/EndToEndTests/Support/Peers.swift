import Linux
import SystemPackage
import Testing

/// podman and buildah on stores inside a workspace, so that they work on any host and leave nothing behind.
extension Workspace {
    func podman(_ arguments: String...) async throws -> String {
        try await tool(
            Self.privateMounts + ["podman"] + storage("podman", "vfs") + ["--cgroup-manager", "cgroupfs"] + arguments)
    }

    /// Without network and cgroups, and within limits that every host allows: this also works inside containers.
    func podmanRun(_ image: String) async throws -> String {
        try await podman(
            "run", "--rm", "--tls-verify=false", "--runtime", "crun", "--network", "none", "--cgroups", "disabled",
            "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", image)
    }

    @discardableResult
    func buildah(_ arguments: String...) async throws -> String {
        try await tool(Self.privateMounts + ["buildah"] + storage("buildah", "vfs") + arguments)
    }

    /// buildah on a store whose images share their layers on the disk.
    func buildahOnLayers(_ arguments: [String], in directory: FilePath? = nil) async throws -> Command.Result {
        let enter = ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", (directory ?? self.directory).string]
        let words = Self.privateMounts + enter + ["buildah"] + storage("layers", "overlay") + arguments
        let program = try #require(Command.locate(words[0]), "\(words[0]) is not installed")
        var command = Command(program, Array(words.dropFirst()), environment: environment)
        command.deadline = .seconds(300)
        return try await command.run()
    }

    private func storage(_ name: String, _ driver: String) -> [String] {
        ["--root", path(name), "--runroot", path("\(name)-run"), "--storage-driver", driver]
    }

    /// A mount namespace that takes the tools' mounts along when it ends. crun of Debian 12 refuses hosts with both
    /// cgroup hierarchies, so the unified one is taken away there.
    private static let privateMounts = [
        "unshare", "--mount", "sh", "-c", "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh",
    ]
}
