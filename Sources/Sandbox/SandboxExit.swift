/// How a step ended and what it used.
package struct SandboxExit: Sendable {
    package enum Cause: Hashable, Sendable {
        /// The program ended by itself, or by a signal from within.
        case exited
        /// It failed after the kernel had killed one of its processes at the memory limit.
        case outOfMemory
        /// It failed after a process could not be created at the process limit.
        case processLimit
        /// It was killed at the time limit.
        case timedOut
    }

    package let cause: Cause
    /// As a shell has it: the program's exit code, or 128 and the signal that ended it.
    package let code: Int32
    package let duration: Duration
    package let processorTime: Duration
    /// Bytes; nil where the kernel does not tell.
    package let peakMemory: UInt64?
    /// Processes that the kernel killed at the memory limit, whatever the step made of that.
    package let outOfMemoryKills: UInt64

    package var isSuccess: Bool { cause == .exited && code == 0 }
}

/// What a step wrote, byte for byte, in the order in which each stream was written.
package struct SandboxOutput: Sendable {
    package enum Stream: Hashable, Sendable {
        case standardOutput
        case standardError
        /// From the sandbox itself: whole sentences for people, without a line end.
        case warning
    }

    package let stream: Stream
    package let bytes: [UInt8]
}
