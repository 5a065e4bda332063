internal import CLinux
import Glibc
import Synchronization
package import SystemPackage

/// The process that holds a build's steps: pid 1 of a PID namespace of its own, with its own mount namespace. When it
/// ends, or this process does in any way, the kernel ends every process, mount and namespace below it.
///
/// It is this program executed anew under another name, and C from its first instruction (CLinux/supervisor.c), so that
/// its memory holds nothing of this process's.
package final class Supervisor: Sendable {
    /// Namespaces for one step: a user namespace and, owned by it, a network namespace with loopback up. The network's
    /// way out, if it has one, closes when the value goes.
    package struct Network: Sendable {
        let user: SharedDescriptor
        let network: SharedDescriptor
        let keeper: SharedDescriptor?
    }

    /// What a step starts from.
    package struct StepPlan: Sendable {
        /// Made by `StepBundle`.
        package var bundle: SharedDescriptor
        /// Where the runtime and the supervisor write why a step could not start.
        package var log: SharedDescriptor
        package var output: SharedDescriptor
        package var error: SharedDescriptor
        /// A detached mount; attached by the step and gone with it.
        package var root: SharedDescriptor
        package var network: Network
        package var cgroup: [SharedDescriptor]
        /// Detached mounts, found by the runtime at `StepBundle.mountPath(_:)`.
        package var mounts: [SharedDescriptor]
        /// What the runtime reads; nil is /dev/null.
        package var input: SharedDescriptor?

        package init(
            bundle: SharedDescriptor, log: SharedDescriptor, output: SharedDescriptor, error: SharedDescriptor,
            root: SharedDescriptor, network: Network, cgroup: [SharedDescriptor], mounts: [SharedDescriptor],
            input: SharedDescriptor? = nil
        ) {
            self.bundle = bundle
            self.log = log
            self.output = output
            self.error = error
            self.root = root
            self.network = network
            self.cgroup = cgroup
            self.mounts = mounts
            self.input = input
        }
    }

    package struct StepEnd: Sendable {
        package let status: ExitStatus
        package let processorTime: Duration
    }

    private let process: ChildProcess
    private let connection: SupervisorConnection

    /// Starts a supervisor whose user namespaces map `ids`. `loop` receives its answers. Without `slirp4netns` no
    /// network reaches out.
    package static func start(ids: IDMapping, slirp4netns: FilePath?, loop: EventLoop) async throws -> Supervisor {
        var ends: [CInt] = [-1, -1]
        try check("create a socket pair") { caisson_socket_pair(&ends) }
        let ours = SharedDescriptor(OwnedDescriptor(adopting: ends[0]))
        let theirs = SharedDescriptor(OwnedDescriptor(adopting: ends[1]))
        let connection = SupervisorConnection(ours)
        try connection.listen(on: loop)
        let plan = ProcessPlan(
            program: "/proc/self/exe",
            arguments: [CAISSON_SUPERVISOR_NAME, "\(ids.base)", ids.mapText, slirp4netns?.string ?? ""],
            descriptors: [theirs.rawValue, nil, nil], namespaces: [.mount, .process], newSession: true)
        let process = try await plan.start()
        withExtendedLifetime(theirs) {}
        try await connection.ready()
        return Supervisor(process, connection)
    }

    private init(_ process: ChildProcess, _ connection: SupervisorConnection) {
        self.process = process
        self.connection = connection
    }

    deinit { connection.close() }

    /// Ends the supervisor and everything below it, and waits until it is gone.
    package func stop() async {
        connection.close()
        process.kill()
        _ = await process.wait()
    }

    /// Lets steps that start later have limits up to `hard`, which this process may not have itself.
    package func raise(_ resource: ResourceLimit, to hard: UInt64) throws(SystemError) {
        try process.raise(resource, to: hard)
    }

    package func prepareNetwork(reachingOut: Bool) async throws -> Network {
        var request = caisson_request()
        request.kind = caisson_request_network.rawValue
        request.reaches_out = reachingOut ? 1 : 0
        let descriptors = try await connection.ask(request, []).descriptors
        guard descriptors.count == (reachingOut ? 3 : 2) else {
            throw SystemError("prepare a network", errno: .ioError)
        }
        return Network(user: descriptors[0], network: descriptors[1], keeper: reachingOut ? descriptors[2] : nil)
    }

    /// Runs a step to its end. `started` gets what kills it, once there is something to kill.
    package func run(_ plan: StepPlan, started: (StepHandle) -> Void) async throws -> StepEnd {
        var request = caisson_request()
        request.kind = caisson_request_step.rawValue
        request.cgroup_count = UInt32(plan.cgroup.count)
        request.mount_count = UInt32(plan.mounts.count)
        request.has_input = plan.input == nil ? 0 : 1
        let fixed = [
            plan.bundle, plan.log, plan.output, plan.error, plan.root, plan.network.user, plan.network.network,
        ]
        let end = SupervisorConnection.End()
        let input = plan.input.map { [$0] } ?? []
        let start = try await connection.ask(request, fixed + plan.cgroup + plan.mounts + input, end: end)
        guard let pidfd = start.descriptors.first else { throw SystemError("start a step", errno: .ioError) }
        started(StepHandle(pidfd: pidfd))
        return try await end.value()
    }
}

/// A running step.
package struct StepHandle: Sendable {
    let pidfd: SharedDescriptor

    /// Kills every process of the step; nothing happens when it has ended.
    package func kill() { _ = caisson_signal(pidfd.rawValue, SIGKILL) }
}
