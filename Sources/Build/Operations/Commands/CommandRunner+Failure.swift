import Sandbox

extension CommandRunner {
    /// What a command that did not succeed is told about.
    func failure(of exit: SandboxExit, step: Step, tail: OutputTail) -> StepFailure {
        let message: String
        var hint: String?
        switch exit.cause {
        case .exited: message = "the command ended with exit code \(exit.code)"
        case .outOfMemory:
            message = "the command was killed at its memory limit of \(limits.memory.map(String.init) ?? "?") bytes"
            hint = "raise the limit with --memory, or `limits.memory` in agent.conf"
        case .processLimit:
            message = "the command reached its limit of \(limits.processes.map(String.init) ?? "?") processes"
            hint = "raise the limit with --pids, or `limits.pids` in agent.conf"
        case .timedOut:
            message = "the command was stopped at its time limit"
            hint = "raise the limit with --timeout, or `limits.time` in agent.conf"
        }
        return StepFailure(step: step, message: message, hint: hint, exitCode: exit.code, lastOutput: tail.lines)
    }
}
