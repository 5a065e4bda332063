import Glibc
import Linux
package import SystemPackage

/// What this host can do for sandboxes, found out by trying.
package enum SandboxHost {
    /// All checks, in the order in which they matter. `dataDirectory` is where roots will lie.
    package static func checks(dataDirectory: FilePath) async -> [HostCheck] {
        [
            privileges(), kernel(), userNamespaces(), idMappedMounts(dataDirectory), cgroups(),
            await program("crun", package: "crun"), await program("slirp4netns", package: "slirp4netns"), tunDevice(),
        ]
    }

    private static func privileges() -> HostCheck {
        HostCheck(
            "privileges", isMet: geteuid() == 0, detail: geteuid() == 0 ? "root" : "user \(geteuid())",
            remedy: "run as root: mounts and cgroups need it; steps themselves never run as root of the host")
    }

    /// The newest thing sandboxes rest on is overlayfs over id-mapped layers.
    private static func kernel() -> HostCheck {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return HostCheck(
            "kernel", isMet: !numbers.lexicographicallyPrecedes([5, 19]), detail: release,
            remedy: "use Linux 5.19 or newer")
    }

    private static func userNamespaces() -> HostCheck {
        attempt("user namespaces", remedy: "allow them: user.max_user_namespaces must not be 0") {
            _ = try UserNamespace(IDMapping(base: 1_879_048_192))
            return "65536 ids mapped"
        }
    }

    private static func idMappedMounts(_ directory: FilePath) -> HostCheck {
        attempt("id-mapped mounts", remedy: "put the data directory on ext4, xfs or btrfs") {
            let namespace = try UserNamespace(IDMapping(base: 1_879_048_192))
            let file = try OwnedDescriptor.open(directory, flags: OpenFlags.directory)
            _ = try DetachedMount.clone(of: file.rawValue, idmappedBy: namespace.descriptor.rawValue)
            return "\(directory)"
        }
    }

    private static func cgroups() -> HostCheck {
        let hierarchy = CgroupHierarchy.host
        let resources = CgroupHierarchy.Resource.allCases
        let limited = resources.filter { hierarchy.parents[$0] != nil }.map { $0.rawValue }
        let detail =
            "\(hierarchy.version.rawValue); limits for: \(limited.isEmpty ? "nothing" : limited.joined(separator: ", "))"
        return HostCheck(
            "cgroups", isMet: limited.count == resources.count,
            detail: detail + (hierarchy.obstacle.map { " (\($0))" } ?? ""),
            remedy: "mount the controllers memory, pids and cpu writable; in a systemd service set Delegate=yes")
    }

    private static func program(_ name: String, package: String) async -> HostCheck {
        let remedy = "install the package \(package)"
        guard let path = Command.locate(name) else {
            return HostCheck(name, isMet: false, detail: "not found", remedy: remedy)
        }
        var command = Command(path, ["--version"])
        command.deadline = .seconds(5)
        guard let result = try? await command.run(), result.status.isSuccess,
            let version = result.outputText.split(separator: "\n").first
        else { return HostCheck(name, isMet: false, detail: "\(path) does not run", remedy: "reinstall \(package)") }
        return HostCheck(name, isMet: true, detail: "\(version) (\(path))", remedy: remedy)
    }

    private static func tunDevice() -> HostCheck {
        let isThere = access("/dev/net/tun", R_OK | W_OK) == 0
        return HostCheck(
            "/dev/net/tun", isMet: isThere, detail: isThere ? "usable" : "missing or not accessible",
            remedy: "load the module tun: the default network needs it")
    }

    private static func attempt(_ name: String, remedy: String, _ body: () throws -> String) -> HostCheck {
        do {
            return HostCheck(name, isMet: true, detail: try body(), remedy: remedy)
        } catch {
            return HostCheck(name, isMet: false, detail: "\(error)", remedy: remedy)
        }
    }
}
