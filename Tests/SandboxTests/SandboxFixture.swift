import Glibc
import Linux
import Sandbox
import Synchronization
import SystemPackage
import Testing

/// What this host lets the tests do.
enum Requirements {
    static let canRun = geteuid() == 0 && Command.locate("crun") != nil && Command.locate("busybox") != nil
    static let comment: Comment = "needs root, crun and a static busybox"
    static let canReachOut = canRun && Command.locate("slirp4netns") != nil && access("/dev/net/tun", R_OK) == 0
    static let limits = CgroupHierarchy.host.parents
    static let canRaiseLimits: Bool = {
        let status = (try? OwnedDescriptor.open("/proc/self/status").contents(limit: 1 << 14)) ?? []
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let rights = line.flatMap { UInt64($0.dropFirst(7).drop { $0.isWhitespace }, radix: 16) }
        return rights.map { $0 >> 24 & 1 == 1 } ?? false
    }()
}

/// A root with busybox as its only program, and the mounts of it that steps use up.
final class BusyboxRoot: Sendable {
    static let ids = IDMapping(base: 1_000_000)
    private static let number = Atomic(0)

    let directory: FilePath
    private let namespace: SharedDescriptor

    /// A new `directory`, or one with a name of its own.
    init(_ directory: FilePath? = nil) throws {
        let number = Self.number.add(1, ordering: .relaxed).newValue
        let directory = directory ?? FilePath("/tmp/caisson-sandbox-\(getpid())-\(number)")
        self.directory = directory
        mkdir(directory.string, 0o755)
        namespace = SharedDescriptor(try UserNamespace(Self.ids).descriptor.duplicate())
        for name in ["", "/bin", "/dev", "/proc", "/sys", "/etc", "/run", "/work"] { make("root\(name)") }
        make("root/tmp", mode: 0o1777)
        for name in ["hosts", "resolv.conf", "hostname"] { write("root/etc/\(name)", "") }
        let busybox = try #require(Command.locate("busybox"))
        copy(busybox, to: "root/bin/busybox", mode: 0o755)
        let tools = [
            "sh", "true", "false", "id", "ls", "cat", "sleep", "env", "pwd", "mount", "umount", "unshare", "hostname",
            "nc",
            "stat", "touch", "mkdir", "chmod", "head", "yes", "setsid", "grep", "dd", "nslookup", "wget", "ip",
            "printf",
            "kill", "stty", "test", "expr", "seq", "wc", "mknod", "ps", "tail", "rm", "readlink", "nproc", "chown",
        ]
        for tool in tools { symlink("busybox", "\(directory)/root/bin/\(tool)") }
    }

    deinit {
        let directory = directory
        if removeTree(directory.string) != 0 { print("cannot remove \(directory)") }
    }

    func make(_ name: String, mode: mode_t = 0o755) {
        mkdir("\(directory)/\(name)", mode)
        chmod("\(directory)/\(name)", mode)
    }

    func write(_ name: String, _ text: String) {
        let file = open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer { close(file) }
        _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
    }

    func copy(_ source: FilePath, to name: String, mode: mode_t) {
        let input = open(source.string, O_RDONLY)
        unlink("\(directory)/\(name)")
        let output = open("\(directory)/\(name)", O_WRONLY | O_CREAT, mode)
        defer {
            close(input)
            close(output)
        }
        while sendfile(output, input, nil, 1 << 24) > 0 {}
    }

    func remove(_ name: String) {
        unlink("\(directory)/root/\(name)")
        rmdir("\(directory)/root/\(name)")
    }

    func link(_ name: String, to target: String) { symlink(target, "\(directory)/root/\(name)") }

    /// A fresh writable view of the root; `upper` names the directory that receives its changes.
    func mount(upper: String? = nil) throws -> SharedDescriptor {
        let name = upper ?? "upper-\(UInt64.random(in: 0 ... .max))"
        for part in ["", "/work", "/files"] { make(name + part) }
        chown("\(directory)/\(name)/files", Self.ids.base, Self.ids.base)
        let lower = try OwnedDescriptor.open(directory.appending("root"), flags: OpenFlags.directory)
        let files = SharedDescriptor(
            try OwnedDescriptor.open(directory.appending("\(name)/files"), flags: OpenFlags.directory))
        let work = SharedDescriptor(
            try OwnedDescriptor.open(directory.appending("\(name)/work"), flags: OpenFlags.directory))
        let mapped = try DetachedMount.clone(of: lower.rawValue, idmappedBy: namespace.rawValue)
        let overlay = try DetachedMount.overlay(
            lowers: [SharedDescriptor(mapped.release())], upper: (directory: files, work: work))
        return SharedDescriptor(overlay.release())
    }
}

/// Removes a tree; the tests' own, so by path.
func removeTree(_ path: String) -> CInt {
    guard let directory = opendir(path) else { return unlink(path) }
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        var status = stat()
        lstat("\(path)/\(name)", &status)
        if status.st_mode & S_IFMT == S_IFDIR { _ = removeTree("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
    }
    closedir(directory)
    return rmdir(path)
}

/// A step's result with its output.
struct StepResult: Sendable {
    let exit: SandboxExit
    let output: String
    let error: String
    let warnings: [String]
}

/// Collects what a step writes.
final class OutputCollector: Sendable {
    private let chunks = Mutex<[SandboxOutput]>([])

    func add(_ output: SandboxOutput) { chunks.withLock { $0.append(output) } }

    func bytes(_ stream: SandboxOutput.Stream) -> [UInt8] {
        chunks.withLock { $0.filter { $0.stream == stream }.flatMap { $0.bytes } }
    }

    func text(_ stream: SandboxOutput.Stream) -> String { String(decoding: bytes(stream), as: UTF8.self) }

    var warnings: [String] {
        chunks.withLock { $0.filter { $0.stream == .warning }.map { String(decoding: $0.bytes, as: UTF8.self) } }
    }
}

extension SandboxSupervisor {
    static func forTests(expecting: [SandboxSpec.Network] = [.none]) async throws -> SandboxSupervisor {
        try await start(ids: BusyboxRoot.ids, runtime: CrunRuntime.locate(), expecting: expecting)
    }

    func run(_ spec: SandboxSpec, in root: BusyboxRoot, upper: String? = nil) async throws -> StepResult {
        let collector = OutputCollector()
        let exit = try await run(spec, root: try root.mount(upper: upper)) { collector.add($0) }
        return StepResult(
            exit: exit, output: collector.text(.standardOutput), error: collector.text(.standardError),
            warnings: collector.warnings)
    }
}

extension SandboxSpec {
    /// A shell script without network.
    static func script(_ script: String, network: Network = .none) -> SandboxSpec {
        SandboxSpec(
            arguments: ["/bin/sh", "-c", script], environment: ["PATH=/bin"],
            network: network, limits: Limits(time: .seconds(30)))
    }
}
