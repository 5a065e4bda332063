package import Linux
package import OCI

/// The config.json of a step (OCI runtime specification 1.0). Written from constants and the spec alone; hooks, devices
/// and annotations of an image have no way in. A device is a mount like any other.
package struct RuntimeConfiguration {
    let spec: SandboxSpec
    let filterAnnotation: String
    /// Which of the fixed files are shown.
    let shadowed: [FixedFiles.File]
    /// The program's three streams are a terminal.
    let terminal: Terminal?
    /// Where the step's bundle has the host's /sys, which a step in the network of the host sees: nobody can mount one of
    /// its own there.
    let hostSystem: String?

    package struct Terminal: Sendable {
        let size: TerminalSize?

        package init(size: TerminalSize?) { self.size = size }
    }

    package init(
        spec: SandboxSpec, filterAnnotation: String, shadowed: [FixedFiles.File], terminal: Terminal? = nil,
        hostSystem: String? = nil
    ) {
        self.spec = spec
        self.filterAnnotation = filterAnnotation
        self.shadowed = shadowed
        self.terminal = terminal
        self.hostSystem = hostSystem
    }

    private var isSandboxed: Bool { spec.security == .sandbox }

    package var json: JSON {
        .object([
            "ociVersion": .string("1.0.2"),
            "process": process,
            "root": .object(["path": .string("rootfs"), "readonly": .bool(spec.isRootReadOnly)]),
            "hostname": .string(spec.hostname),
            "mounts": .array(mounts),
            "linux": linux,
            "annotations": .object(isSandboxed ? [filterAnnotation: .string(Self.filter)] : [:]),
        ])
    }

    private static let filter = SeccompFilter.native.base64

    private var process: JSON {
        let capabilities = Self.strings(isSandboxed ? Self.capabilities : Self.allCapabilities)
        return .object([
            "terminal": .bool(terminal != nil),
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
            "rlimits": .array(resourceLimits),
            "noNewPrivileges": .bool(spec.noNewPrivileges && isSandboxed),
            // The kernel's choice when memory runs out falls on the step, not on us.
            "oomScoreAdj": .integer(500),
            "consoleSize": terminal?.size.map { size in
                .object(["height": .integer(Int64(size.rows)), "width": .integer(Int64(size.columns))])
            },
        ])
    }

    private var resourceLimits: [JSON] {
        // Never above this process's own hard limits, which it may not be allowed to raise.
        var limits: [ResourceLimit: SandboxSpec.Limits.Bounds] = [:]
        for (resource, soft, hard) in [
            (ResourceLimit.coreSize, 0, 0), (.openFiles, 1024, spec.limits.openFiles),
            (.lockedMemory, 8 << 20, 8 << 20), (.messageQueueBytes, 819_200, 819_200),
        ] as [(ResourceLimit, UInt64, UInt64)] {
            let hard = min(hard, resource.hardLimit)
            limits[resource] = .init(soft: min(soft, hard), hard: hard)
        }
        // Those that are asked for are had or refused.
        limits.merge(spec.limits.resources) { $1 }
        return limits.sorted { $0.key.rawValue < $1.key.rawValue }.map { resource, bounds in
            .object([
                "type": .string(resource.name), "hard": Self.number(bounds.hard), "soft": Self.number(bounds.soft),
            ])
        }
    }

    /// Runtimes read numbers without sign as strtoull(3) does, for which -1 is no limit, 2⁶⁴ - 1.
    private static func number(_ bound: UInt64) -> JSON {
        .integer(bound == .max ? -1 : Int64(clamping: bound))
    }

    /// What root of a container needs to install packages and nothing more.
    static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
        "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
    ]

    /// All there are (capabilities(7)), by number.
    static let allCapabilities = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ].map { "CAP_" + $0 }

    private var linux: JSON {
        var namespaces = [JSON.object(["type": .string("user"), "path": .string(StepBundle.userNamespacePath)])]
        if spec.network != .host {
            namespaces.append(
                .object(["type": .string("network"), "path": .string(StepBundle.networkNamespacePath)]))
        }
        namespaces += ["pid", "mount", "ipc", "uts", "cgroup"].map { .object(["type": .string($0)]) }
        return .object([
            "namespaces": .array(namespaces),
            "rootfsPropagation": .string("private"),
            "maskedPaths": Self.strings(isSandboxed ? Self.maskedPaths : []),
            "readonlyPaths": Self.strings(isSandboxed ? Self.readonlyPaths : []),
        ])
    }

    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ]

    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
}
