import Linux
import OCI
package import Sandbox
package import Storage

/// A program to run in an image.
package struct ImageProgram: Sendable {
    /// Empty stands for the image's shell.
    package var arguments: [String]
    package var environment: [String]
    package var workingDirectory: String
    package var user: String
    package var network: RunOperation.Network
    package var settings = RunSettings()
    package var input = SandboxInput.none
    package var sources: SourceMount?

    package init(
        arguments: [String], environment: [String], workingDirectory: String, user: String,
        network: RunOperation.Network
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.network = network
    }
}

extension CommandRunner {
    /// Runs a program in the image of `chain` and drops what it writes there; returns its exit code.
    package func exitCode(
        of program: ImageProgram, on chain: LayerChain, tree: FileTree, output: @escaping FailedCommand.Output
    ) async throws -> Int32 {
        let arguments = program.arguments.isEmpty ? [Shell.path(in: tree)] : program.arguments
        var operation = RunOperation(
            arguments: arguments, environment: program.environment, workingDirectory: program.workingDirectory,
            user: program.user, network: program.network, script: nil, platform: .current, epoch: 0)
        operation.settings = program.settings
        let identity = try UserDatabase(of: tree, in: store).identity(of: program.user)
        return try await whileRunning { supervisor in
            var spec = try spec(operation, identity)
            if let sources = program.sources {
                let target = sources.target ?? program.workingDirectory
                guard target != "/" else {
                    throw BuildError.request(
                        "the stage has no WORKDIR to mount the sources at: name a directory with --mount-at")
                }
                spec.mounts.append(try sources.mount(at: target, for: spec.user, ids: supervisor.ids))
            }
            let snapshot = try await snapshotter.writable(
                chain.layers, ids: supervisor.ids, upper: upper,
                mountPoints: spec.mounts.map { MountPoint($0.target, .directory) })
            return try await supervisor.run(spec, root: snapshot.rootDescriptor, input: program.input) { item in
                item.hand(to: output)
            }.code
        }
    }
}

extension SandboxOutput {
    func hand(to output: FailedCommand.Output) {
        switch stream {
        case .standardOutput: output(.standardOutput, bytes)
        case .standardError: output(.standardError, bytes)
        case .warning: output(.standardError, Array("warning: ".utf8) + bytes + Array("\n".utf8))
        }
    }
}
