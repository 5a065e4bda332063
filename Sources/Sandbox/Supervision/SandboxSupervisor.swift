import Glibc
package import Linux
import OCI
import Synchronization
import SystemPackage

/// Runs the steps of one build, several at a time if asked to. It owns a supervisor process: whatever ends this program
/// also ends every step, with its mounts and namespaces.
package final class SandboxSupervisor: Sendable {
    /// The ids of the build: root in a step is `ids.base` outside. Roots given to `run` show their files with these.
    package let ids: IDMapping
    private let runtime: any SandboxRuntime
    private let supervisor: Supervisor
    private let networks: NetworkPool
    private let cgroups: CgroupHierarchy
    private let loop: EventLoop
    /// For the calls into cgroup files, which may wait for the kernel.
    private let thread = BlockingThread(label: "cgroups")

    /// Starts the supervisor and begins to prepare networks of the kinds in `expecting`.
    package static func start(
        ids: IDMapping, runtime: any SandboxRuntime, cgroups: CgroupHierarchy = .host,
        expecting: [SandboxSpec.Network] = [.default]
    ) async throws -> SandboxSupervisor {
        let loop = EventLoop(label: "sandbox")
        let slirp = Command.locate("slirp4netns")
        do {
            let supervisor = try await Supervisor.start(ids: ids, slirp4netns: slirp, loop: loop)
            let networks = NetworkPool(supervisor, hasSlirp: slirp != nil)
            for kind in expecting { await networks.prepare(kind) }
            return SandboxSupervisor(ids, runtime, supervisor, networks, cgroups, loop)
        } catch let error as SystemError {
            throw SandboxError(.supervisorLost, "cannot start the sandbox supervisor: \(error)")
        }
    }

    private init(
        _ ids: IDMapping, _ runtime: any SandboxRuntime, _ supervisor: Supervisor, _ networks: NetworkPool,
        _ cgroups: CgroupHierarchy, _ loop: EventLoop
    ) {
        self.ids = ids
        self.runtime = runtime
        self.supervisor = supervisor
        self.networks = networks
        self.cgroups = cgroups
        self.loop = loop
    }

    /// Ends every step and waits until all is gone. Steps still running throw.
    package func stop() async { await supervisor.stop() }

    /// Runs a step in `root`, a detached mount that is used up by it, and returns when all its processes are gone and
    /// all its output was handed over.
    ///
    /// The upper directory holds all changes then, but `root` keeps the mount alive: let go of it before the directory is
    /// removed.
    ///
    /// What the program reads is `input`. `output` is called on a thread of the build's own, one call at a time for all its steps; a step waits while it
    /// does not return. A program that fails is no error. Cancelling the task kills the step and throws
    /// `CancellationError`.
    package func run(
        _ spec: SandboxSpec, root: SharedDescriptor, input: SandboxInput = .none,
        output: @escaping @Sendable (SandboxOutput) -> Void
    ) async throws -> SandboxExit {
        do {
            return try await runStep(spec, root, input, output)
        } catch let error as SystemError {
            throw SandboxError(error.errno == .brokenPipe ? .supervisorLost : .system, "\(error)")
        }
    }

    private func runStep(
        _ spec: SandboxSpec, _ root: SharedDescriptor, _ input: SandboxInput,
        _ output: @escaping @Sendable (SandboxOutput) -> Void
    ) async throws -> SandboxExit {
        try spec.check(ids)
        let files = FixedFiles.files(for: spec)
        let check = try RootCheck(root: root.rawValue, shadowing: files.map { $0.path }, spec: spec)
        for warning in check.warnings { output(SandboxOutput(stream: .warning, bytes: Array(warning.utf8))) }
        let shown = files.filter { check.shadowed.contains($0.path) }
        let step = spec.mounting(check.mounts)
        try raiseLimits(for: spec)
        var limits = spec.limits.cgroupLimits
        limits.devices = try DeviceRules.of(spec, cgroups)
        let network = try await networks.take(spec.network)
        let cgroup = try await thread.run { [cgroups, limits] in
            try Cgroup(cgroups, named: Cgroup.name(Self.nextStep()), limits: limits)
        }
        let control = StepControl()
        let result = await Result {
            try await withTaskCancellationHandler {
                try await execute(
                    step, root, shown, log: try .memory("log"), network: network, cgroup: cgroup,
                    control: control, streams: StepStreams(input, loop: loop, sink: output))
            } onCancel: {
                control.kill()
            }
        }
        // A step that may change its network has the only one of its kind.
        if case .success = result, spec.security == .sandbox { await networks.giveBack(network, spec.network) }
        let usage = cgroup.usage()
        let removal = await Result { try await thread.run { try cgroup.remove() } }
        try Task.checkCancellation()
        let ending = try result.get()
        try removal.get()
        return try ending.exit(
            timedOut: control.timedOut, usage: usage, runtime: runtime.name, program: spec.arguments[0])
    }

    private func raiseLimits(for spec: SandboxSpec) throws(SandboxError) {
        for (resource, bounds) in spec.limits.resources where bounds.hard > resource.hardLimit {
            do {
                try supervisor.raise(resource, to: bounds.hard)
            } catch {
                let bound = bounds.hard == .max ? "-1" : "\(bounds.hard)"
                throw SandboxError(
                    .limit, "the limit \(resource.shortName)=\(bound) is more than this host allows: \(error)")
            }
        }
    }

    private func bundle(
        _ spec: SandboxSpec, _ shown: [FixedFiles.File], _ mounts: inout StepMounts, _ terminal: StepTerminal?
    ) throws -> SharedDescriptor {
        var hostSystem: String?
        if spec.network == .host {
            let directory = try OwnedDescriptor.open("/sys", flags: OpenFlags.directory)
            hostSystem = mounts.add(SharedDescriptor(try DetachedMount.clone(of: directory.rawValue).release()))
        }
        let socket = terminal.map { mounts.add($0.socket.directory) + "/" + TerminalSocket.name }
        let configuration = RuntimeConfiguration(
            spec: spec, filterAnnotation: runtime.filterAnnotation, shadowed: shown,
            terminal: terminal.map { .init(size: $0.size) }, hostSystem: hostSystem)
        let directory = StepBundle.directory
        var bundle = StepBundle(
            command: runtime.command(
                bundle: directory, state: "\(directory)/state", log: StepBundle.logPath, terminal: socket))
        bundle.add("config.json", configuration.json.canonicalBytes)
        for file in shown { bundle.add(file.name, Array(file.contents.utf8)) }
        for (index, file) in spec.files.enumerated() {
            bundle.add(RuntimeConfiguration.name(ofFile: index), file.contents, isProgram: true)
        }
        return try bundle.descriptor()
    }

    /// From the request to the end of both streams.
    private func execute(
        _ spec: SandboxSpec, _ root: SharedDescriptor, _ shown: [FixedFiles.File], log: SharedDescriptor,
        network: Supervisor.Network, cgroup: Cgroup, control: StepControl, streams: StepStreams
    ) async throws -> Ending {
        let clock = ContinuousClock()
        let start = clock.now
        do {
            var mounts = StepMounts(spec)
            let bundle = try bundle(spec, shown, &mounts, streams.terminal)
            let end = try await follow(spec.limits.time, control) {
                let (output, error) = try streams.open(on: loop)
                return Supervisor.StepPlan(
                    bundle: bundle, log: log, output: output, error: error, root: root, network: network,
                    cgroup: cgroup.processFiles, mounts: mounts.descriptors, input: streams.input)
            }
            let duration = clock.now - start
            return Ending(end: end, duration: duration, log: try await streams.end(log: log))
        } catch {
            try await streams.abandon()
            throw error
        }
    }

    /// The plan holds the writing ends of the streams, which do not end before it goes: it goes when this returns.
    private func follow(
        _ timeLimit: Duration?, _ control: StepControl, _ plan: () throws -> Supervisor.StepPlan
    ) async throws -> Supervisor.StepEnd {
        let timer = try timeLimit.map { limit throws(SystemError) in try loop.after(limit) { control.timeOut() } }
        defer {
            control.ended()
            timer?.cancel()
        }
        return try await supervisor.run(plan()) { control.started($0) }
    }

    private static let steps = Atomic<UInt64>(0)

    private static func nextStep() -> UInt64 { steps.add(1, ordering: .relaxed).newValue }
}

extension SandboxSpec {
    fileprivate func mounting(_ mounts: [Mount]) -> SandboxSpec {
        var spec = self
        spec.mounts = mounts
        return spec
    }
}

/// The detached mounts of a step: what its spec binds, then what the sandbox needs itself.
private struct StepMounts {
    private(set) var descriptors: [SharedDescriptor]

    init(_ spec: SandboxSpec) {
        descriptors = spec.mounts.compactMap(\.source.descriptor)
    }

    /// Where the runtime finds it.
    mutating func add(_ mount: SharedDescriptor) -> String {
        descriptors.append(mount)
        return StepBundle.mountPath(descriptors.count - 1)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
