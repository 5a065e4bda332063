package import Sandbox

/// The place where a command failed: the files as it left them, with the mounts, environment, user and working
/// directory it had. It lasts while its visitor does not return.
package struct FailedCommand: Sendable {
    package let failure: StepFailure
    /// What was run.
    package let arguments: [String]
    /// The image's shell.
    package let shell: String
    let spec: @Sendable () throws -> SandboxSpec
    let start: @Sendable (SandboxSpec, SandboxInput, @escaping Output) async throws -> Int32

    package typealias Output = @Sendable (OutputChannel, [UInt8]) -> Void

    /// Runs a program there without a time limit, `environment` (`NAME=value`) in place of what the command had of it.
    /// Returns its exit code. What mounts of file systems in memory held is gone.
    package func run(
        _ arguments: [String], environment: [String] = [], input: SandboxInput, output: @escaping Output
    ) async throws -> Int32 {
        var spec = try spec()
        spec.arguments = arguments
        spec.environment = spec.environment.replacing(environment)
        spec.limits.time = nil
        return try await start(spec, input, output)
    }
}

/// Called with the first command of a build that fails; the build goes on to fail when it returns.
package typealias FailureVisitor = @Sendable (FailedCommand) async throws -> Void

extension [String] {
    /// `NAME=value` pairs with some in the place of those of the same name.
    package func replacing(_ pairs: [String]) -> [String] {
        let names = Set(pairs.map { $0.prefix { $0 != "=" } })
        return filter { !names.contains($0.prefix { $0 != "=" }) } + pairs
    }
}
