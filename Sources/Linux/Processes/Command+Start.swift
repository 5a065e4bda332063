import Glibc
import SystemPackage

extension Command {
    /// Starts the program and returns while it runs.
    package func start() async throws -> ChildProcess {
        let stdin = try openInput()
        let stdout = try openOutput(output, inheriting: STDOUT_FILENO)
        let stderr = try openOutput(error, inheriting: STDERR_FILENO)
        let given = [stdin.descriptor?.rawValue, stdout.number, stderr.number]
        var plan = ProcessPlan(
            program: program.string, arguments: [program.string] + arguments, environment: environment,
            directory: directory?.string, descriptors: given + descriptors.map { $0.rawValue },
            newSession: newSession, limits: limits)
        plan.noNewPrivileges = noNewPrivileges
        let process = try await plan.spawn()
        withExtendedLifetime((stdin, stdout, stderr, descriptors)) {}
        try stdout.capture?.start()
        try stderr.capture?.start()
        let child = try ChildProcess(process, output: stdout.capture, error: stderr.capture)
        try stdin.feed?()
        if let deadline { try child.kill(after: deadline) }
        return child
    }

    private struct ChildEnd {
        /// The child's end, open in this process until the child has it.
        var descriptor: SharedDescriptor?
        var number: CInt?
        var capture: ChildOutput?
        var feed: (@Sendable () throws(SystemError) -> Void)?
    }

    private func openInput() throws(SystemError) -> ChildEnd {
        switch input {
        case .null: return ChildEnd()
        case .descriptor(let descriptor): return ChildEnd(descriptor: descriptor)
        case .bytes(let bytes):
            let pipe = try Pipe()
            try pipe.writer.setNonBlocking()
            return ChildEnd(
                descriptor: pipe.reader,
                feed: { () throws(SystemError) in try ChildInput.feed(bytes, into: pipe.writer) })
        }
    }

    private func openOutput(_ output: Output, inheriting number: CInt) throws(SystemError) -> ChildEnd {
        switch output {
        case .discard: return ChildEnd()
        case .inherit: return ChildEnd(number: number)
        case .descriptor(let descriptor): return ChildEnd(descriptor: descriptor, number: descriptor.rawValue)
        case .capture(let limit):
            let pipe = try Pipe()
            try pipe.reader.setNonBlocking()
            let capture = ChildOutput(pipe.reader, limit: limit)
            return ChildEnd(descriptor: pipe.writer, number: pipe.writer.rawValue, capture: capture)
        }
    }
}
