import Glibc
import Linux
package import SystemPackage

/// The process in which libgit2 talks to servers and takes packs apart: with a deadline and resource limits, so that a
/// hostile or dead server costs one failed operation. libgit2 1.5 has no timeouts of its own.
///
/// The helper is the running program itself, started again with a marker as its first argument; `main` must call
/// `runIfRequested` before anything else.
package struct GitHelper: Sendable {
    /// The first argument that makes a program the helper.
    package static let marker = "caisson-git"

    private let program: FilePath

    /// `program` must call `runIfRequested`; the default is the running one.
    package init(program: FilePath = "/proc/self/exe", limits: GitFetchLimits = GitFetchLimits()) {
        self.program = program
        self.limits = limits
    }

    let limits: GitFetchLimits

    /// The same helper with a shorter deadline.
    func limited(to deadline: Duration) -> GitHelper {
        var limits = limits
        limits.deadline = min(limits.deadline, deadline)
        return GitHelper(program: program, limits: limits)
    }

    /// Does a helper's work and ends the process if this is one; returns at once if not.
    package static func runIfRequested(arguments: [String]) {
        guard arguments.count == 2, arguments[1] == marker else { return }
        exit(HelperMain.run())
    }

    /// Runs one operation; `pack` is what the helper finds as descriptor 3.
    func run(_ operation: HelperRequest.Operation, pack: SharedDescriptor? = nil) async throws -> HelperReply {
        let request = HelperRequest(operation: operation, limits: limits)
        var command = Command(program, [GitHelper.marker])
        // Where libgit2 looks for `.ssh/known_hosts`; without a home directory at all it refuses to use SSH.
        command.environment.append("HOME=/nonexistent")
        command.input = .bytes(request.encoded())
        command.output = .capture(limit: 128 << 20)
        command.deadline = limits.deadline
        command.limits.cpuSeconds = limits.cpuSeconds
        command.limits.addressSpace = limits.addressSpace
        command.limits.fileSize = limits.packBytes
        if let pack { command.descriptors = [pack] }
        if case .sshAgent(_, let socket)? = operation.remote?.credentials {
            command.environment.append("SSH_AUTH_SOCK=\(socket)")
        }
        let result: Command.Result
        do {
            result = try await command.run()
        } catch let error as SystemError {
            throw GitError(.system, "cannot start the git helper: \(error)")
        }
        if result.timedOut {
            throw GitError(.timeout, "\(operation) took longer than \(limits.deadline.components.seconds) s")
        }
        switch result.status {
        case .exited(0): return try HelperReply(decoding: result.output)
        case .signalled(SIGXFSZ):
            throw GitError(.limitExceeded, "\(operation) needs a file larger than \(limits.packBytes) bytes")
        case .signalled(SIGXCPU):
            throw GitError(.limitExceeded, "\(operation) needs more than \(limits.cpuSeconds) s of processor time")
        default:
            let text = result.errorText.split(separator: "\n").last.map { ": " + printable(String($0)) } ?? ""
            throw GitError(.system, "the git helper failed at \(operation) with \(result.status)\(text)")
        }
    }
}
