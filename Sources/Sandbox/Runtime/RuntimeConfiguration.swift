import Linux
package import OCI

/// The config.json of a step (OCI runtime specification 1.0). Written from constants and the spec alone; hooks, devices
/// and annotations of an image have no way in.
package struct RuntimeConfiguration {
    let spec: SandboxSpec
    let filterAnnotation: String
    /// Which of the fixed files are shown.
    let shadowed: [FixedFiles.File]

    package init(spec: SandboxSpec, filterAnnotation: String, shadowed: [FixedFiles.File]) {
        self.spec = spec
        self.filterAnnotation = filterAnnotation
        self.shadowed = shadowed
    }

    package var json: JSON {
        .object([
            "ociVersion": .string("1.0.2"),
            "process": process,
            "root": .object(["path": .string("rootfs"), "readonly": .bool(spec.isRootReadOnly)]),
            "hostname": .string(FixedFiles.hostname),
            "mounts": .array(mounts),
            "linux": linux,
            "annotations": .object([filterAnnotation: .string(Self.filter)]),
        ])
    }

    private static let filter = SeccompFilter.native.base64

    private var process: JSON {
        let capabilities = Self.strings(Self.capabilities)
        return .object([
            "terminal": .bool(false),
            "user": .object([
                "uid": .integer(Int64(spec.user.uid)),
                "gid": .integer(Int64(spec.user.gid)),
                "umask": .integer(0o022),
                "additionalGids": .array(([spec.user.gid] + spec.user.supplementaryGroups).map { .integer(Int64($0)) }),
            ]),
            "args": Self.strings(spec.arguments),
            "env": Self.strings(spec.environment),
            "cwd": .string(spec.workingDirectory),
            // A user other than root has what file capabilities and set-id programs give it, within the bounds.
            "capabilities": .object([
                "bounding": capabilities,
                "permitted": spec.user.uid == 0 ? capabilities : .array([]),
                "effective": spec.user.uid == 0 ? capabilities : .array([]),
                "inheritable": .array([]),
                "ambient": .array([]),
            ]),
            "rlimits": .array([
                Self.limit(.coreSize, soft: 0, hard: 0),
                Self.limit(.openFiles, soft: 1024, hard: spec.limits.openFiles),
                Self.limit(.lockedMemory, soft: 8 << 20, hard: 8 << 20),
                Self.limit(.messageQueueBytes, soft: 819_200, hard: 819_200),
            ]),
            "noNewPrivileges": .bool(spec.noNewPrivileges),
            // The kernel's choice when memory runs out falls on the step, not on us.
            "oomScoreAdj": .integer(500),
        ])
    }

    /// What root of a container needs to install packages and nothing more.
    static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
        "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
    ]

    private var mounts: [JSON] {
        var mounts = [
            Self.mount("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
            // Without it crun makes device nodes in the root itself.
            Self.mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=64m"]),
            Self.mount(
                "/dev/pts", "devpts", "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Self.mount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]),
            Self.mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
            Self.mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
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
            case .tmpfs(let size, let mode):
                let octal = String(mode, radix: 8)
                mounts.append(
                    Self.mount(mount.target, "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=\(octal)", "size=\(size)"]))
            }
        }
        return mounts
    }

    /// In the step's bundle.
    static func name(ofFile index: Int) -> String { "file-\(index)" }

    private var linux: JSON {
        .object([
            "namespaces": .array([
                .object(["type": .string("user"), "path": .string(StepBundle.userNamespacePath)]),
                .object(["type": .string("network"), "path": .string(StepBundle.networkNamespacePath)]),
                .object(["type": .string("pid")]),
                .object(["type": .string("mount")]),
                .object(["type": .string("ipc")]),
                .object(["type": .string("uts")]),
                .object(["type": .string("cgroup")]),
            ]),
            "rootfsPropagation": .string("private"),
            "maskedPaths": Self.strings(Self.maskedPaths),
            "readonlyPaths": Self.strings(Self.readonlyPaths),
        ])
    }

    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ]

    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    private static func mount(_ destination: String, _ type: String, _ source: String, _ options: [String]) -> JSON {
        .object([
            "destination": .string(destination), "type": .string(type), "source": .string(source),
            "options": strings(options),
        ])
    }

    private static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    /// Never above this process's own hard limit, which it may not be allowed to raise.
    private static func limit(_ resource: ResourceLimit, soft: UInt64, hard: UInt64) -> JSON {
        let hard = min(hard, resource.hardLimit)
        return .object([
            "type": .string(resource.name), "hard": .integer(Int64(clamping: hard)),
            "soft": .integer(Int64(clamping: min(soft, hard))),
        ])
    }
}
