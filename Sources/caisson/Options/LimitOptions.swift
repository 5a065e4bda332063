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
            if let cpus {
                guard (0.01...Self.mostProcessors).contains(cpus) else {
                    throw CommandFailure.usage("--cpus \(cpus) is not between 0.01 and \(Int(Self.mostProcessors))")
                }
                limits.cpus = cpus
            }
            limits.pids = try Self.positive(pids, "--pids", upTo: Self.mostProcesses) ?? limits.pids
            limits.timeout = try Self.positive(timeout, "--timeout", upTo: Int(Int32.max)).map { .seconds($0) }
            return limits
        }
    }

    private static let mostProcessors = 8192.0
    /// PID_MAX_LIMIT of the kernel.
    private static let mostProcesses = 4 << 20

    private static func positive(_ number: Int?, _ option: String, upTo most: Int) throws -> Int? {
        guard let number else { return nil }
        guard (1...most).contains(number) else {
            throw CommandFailure.usage("\(option) \(number) is not between 1 and \(most)")
        }
        return number
    }
}
