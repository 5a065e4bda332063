import Linux

/// A step that has ended, before its status is understood.
struct Ending {
    let end: Supervisor.StepEnd
    let duration: Duration
    let log: [UInt8]

    func exit(
        timedOut: Bool, usage: Cgroup.Usage, runtime: String, program: String
    ) throws(SandboxError) -> SandboxExit {
        let code = end.status.shellCode
        if !timedOut, !log.isEmpty, code != 0 {
            throw RuntimeLog.error(String(decoding: log, as: UTF8.self), runtime: runtime, program: program)
        }
        return SandboxExit(
            cause: cause(timedOut, code, usage), code: code, duration: duration, processorTime: end.processorTime,
            peakMemory: usage.peakMemory, outOfMemoryKills: usage.outOfMemoryKills)
    }

    private func cause(_ timedOut: Bool, _ code: Int32, _ usage: Cgroup.Usage) -> SandboxExit.Cause {
        if timedOut { return .timedOut }
        if code == 0 { return .exited }
        if usage.outOfMemoryKills > 0 { return .outOfMemory }
        return usage.refusedProcesses > 0 ? .processLimit : .exited
    }
}
