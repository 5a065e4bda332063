import Linux
import OCI

extension RuntimeConfiguration {
    /// The kernel's file systems, our files, then what the spec adds, in its order.
    var mounts: [JSON] {
        var mounts = [
            Self.mount("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
            // Without it crun makes device nodes in the root itself.
            Self.mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=64m"]),
            Self.mount(
                "/dev/pts", "devpts", "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Self.mount(
                "/dev/shm", "tmpfs", "shm",
                ["nosuid", "noexec", "nodev", "mode=1777", "size=\(spec.limits.sharedMemory)"]),
            Self.mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
            system,
        ]
        for file in shadowed {
            mounts.append(
                Self.mount(
                    file.path, "bind", "\(StepBundle.directory)/\(file.name)",
                    ["bind", "ro", "nosuid", "nodev", "noexec"]))
        }
        // Below the new /dev, where the runtime makes what it mounts on.
        for (index, file) in spec.files.enumerated() {
            mounts.append(
                Self.mount(
                    file.path, "bind", "\(StepBundle.directory)/\(Self.name(ofFile: index))",
                    ["bind", "ro", "nosuid", "nodev"]))
        }
        var binds = 0
        for mount in spec.mounts {
            switch mount.source {
            case .bind(_, let isReadOnly):
                mounts.append(
                    Self.mount(
                        mount.target, "bind", StepBundle.mountPath(binds),
                        ["bind", isReadOnly ? "ro" : "rw", "nosuid", "nodev"]))
                binds += 1
            case .device:
                mounts.append(
                    Self.mount(mount.target, "bind", StepBundle.mountPath(binds), ["bind", "rw", "nosuid", "noexec"]))
                binds += 1
            case .tmpfs(let size, let mode, let isReadOnly):
                let options = ["nosuid", "nodev", "mode=\(String(mode, radix: 8))", "size=\(size)"]
                mounts.append(Self.mount(mount.target, "tmpfs", "tmpfs", options + (isReadOnly ? ["ro"] : [])))
            }
        }
        return mounts
    }

    private var system: JSON {
        if let hostSystem {
            return Self.mount("/sys", "bind", hostSystem, ["bind", "ro", "nosuid", "noexec", "nodev"])
        }
        let mode = spec.security == .sandbox ? ["ro"] : []
        return Self.mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev"] + mode)
    }

    /// In the step's bundle.
    static func name(ofFile index: Int) -> String { "file-\(index)" }

    private static func mount(_ destination: String, _ type: String, _ source: String, _ options: [String]) -> JSON {
        .object([
            "destination": .string(destination), "type": .string(type), "source": .string(source),
            "options": strings(options),
        ])
    }
}
