import ArgumentParser
import Dockerfile
import Engine

/// What one step may use.
struct LimitOptions: ParsableArguments {
    @Option(name: .customLong("memory"), help: ArgumentHelp("Memory of a step, as 512m or 4g.", valueName: "bytes"))
    var memory: String?
    @Option(name: .customLong("cpus"), help: "Processors of a step; may be a fraction.") var cpus: Double?
    @Option(name: .customLong("pids"), help: "Processes of a step.") var pids: Int?
    @Option(name: .customLong("timeout"), help: ArgumentHelp("Seconds a step may take.", valueName: "seconds"))
    var timeout: Int?

    var limits: EngineLimits {
        get throws {
            var limits = EngineLimits()
            if let memory {
                guard let bytes = ByteSize.parse(memory), bytes > 0 else {
                    throw CommandFailure.usage("invalid size `\(memory)`: write for instance 512m")
                }
                limits.memory = Int64(bytes)
            }
            limits.cpus = cpus
            if let pids { limits.pids = pids }
            limits.timeout = timeout.map { .seconds($0) }
            return limits
        }
    }
}
