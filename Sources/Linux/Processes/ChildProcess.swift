internal import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A running helper program. It is killed when the last reference goes, and reaped in any case.
package final class ChildProcess: Sendable {
    package let id: Int32
    private let life: ChildLife

    init(_ process: StartedProcess, output: ChildOutput?, error: ChildOutput?) throws(SystemError) {
        id = process.id
        let life = ChildLife(process, output: output, error: error)
        self.life = life
        try EventLoop.shared.watch(process.pidfd) { watch, _ in
            if life.reap() { watch.cancel() }
        }
    }

    deinit { life.kill() }

    /// Sends `signal` to the program alone; nothing happens when it has ended.
    package func send(_ signal: CInt) { life.send(signal) }

    /// Lets the program, and what it starts later, set limits up to `hard`.
    package func raise(_ resource: ResourceLimit, to hard: UInt64) throws(SystemError) {
        try life.raise(resource, to: hard)
    }

    /// Kills the program and everything in its process group.
    package func kill() { life.kill() }

    /// Waits for the end of the program.
    package func wait() async -> ExitStatus { await life.result().status }

    /// Waits for the end of the program and returns what it wrote into captured streams. What a grandchild outside
    /// the process group writes later is not waited for.
    package func result() async -> Command.Result { await life.result() }

    func kill(after deadline: Duration) throws(SystemError) {
        let life = life
        let timer = try EventLoop.shared.after(deadline) { life.timeOut() }
        life.onEnd { timer.cancel() }
    }
}

/// What outlives the `ChildProcess`: the event loop needs it until the process is reaped.
private final class ChildLife: Sendable {
    private struct State {
        var status: ExitStatus?
        var timedOut = false
        var endings: [@Sendable () -> Void] = []
    }

    private let id: pid_t
    private let pidfd: SharedDescriptor
    private let output: ChildOutput?
    private let error: ChildOutput?
    private let state = Mutex(State())

    init(_ process: StartedProcess, output: ChildOutput?, error: ChildOutput?) {
        id = process.id
        pidfd = process.pidfd
        self.output = output
        self.error = error
    }

    func raise(_ resource: ResourceLimit, to hard: UInt64) throws(SystemError) {
        try state.withLock { state throws(SystemError) in
            // Its number may be another's by now.
            guard state.status == nil else {
                throw SystemError("raise the limit", resource.shortName, errno: .noSuchProcess)
            }
            try check("raise the limit", resource.shortName) { caisson_raise_limit(id, resource.rawValue, hard) }
        }
    }

    func send(_ signal: CInt) { _ = caisson_signal(pidfd.rawValue, signal) }

    func kill() {
        state.withLock { state in
            if state.status == nil { killGroup() }
        }
    }

    func timeOut() {
        state.withLock { state in
            guard state.status == nil else { return }
            state.timedOut = true
            killGroup()
        }
    }

    /// Only before the process is reaped: until then its number, which is also the group's, belongs to nobody else.
    private func killGroup() {
        _ = caisson_signal(pidfd.rawValue, SIGKILL)
        Glibc.kill(-id, SIGKILL)
    }

    /// On the event loop: whether the process has ended. Whatever is left of its group ends with it.
    func reap() -> Bool {
        var code: CInt = 0
        var number: CInt = 0
        let status: ExitStatus? = state.withLock { state in
            Glibc.kill(-id, SIGKILL)
            let result = caisson_reap(pidfd.rawValue, &code, &number)
            guard result != 0 else { return nil }
            return result > 0 && code == CInt(CLD_EXITED) ? .exited(number) : .signalled(number)
        }
        guard let status else { return false }
        output?.finish()
        error?.finish()
        let endings = state.withLock { state in
            state.status = status
            defer { state.endings = [] }
            return state.endings
        }
        for ending in endings { ending() }
        return true
    }

    func onEnd(_ ending: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.status == nil { state.endings.append(ending) }
            return state.status != nil
        }
        if isOver { ending() }
    }

    func result() async -> Command.Result {
        await withCheckedContinuation { continuation in onEnd { continuation.resume() } }
        let (status, timedOut) = state.withLock { ($0.status ?? .signalled(SIGKILL), $0.timedOut) }
        return Command.Result(
            status: status, output: output?.bytes ?? [], error: error?.bytes ?? [], timedOut: timedOut,
            isTruncated: output?.isTruncated ?? false || error?.isTruncated ?? false)
    }
}
