package import Build
package import Sandbox

/// What a program in an image is given besides what the image says.
package struct ProgramOptions: Sendable {
    package var input: SandboxInput
    package var settings: RunSettings
    /// `NAME=value`, in place of the image's of that name.
    package var environment: [String]
    package var sources: SourceMount?
    /// The command stands by itself, without the image's entrypoint; none is the image's shell.
    package var isShell: Bool

    package init(
        input: SandboxInput = .none, settings: RunSettings = RunSettings(), environment: [String] = [],
        sources: SourceMount? = nil, isShell: Bool = false
    ) {
        self.input = input
        self.settings = settings
        self.environment = environment
        self.sources = sources
        self.isShell = isShell
    }

    func apply(to program: inout ImageProgram) {
        program.input = input
        program.settings = settings
        program.environment = program.environment.replacing(environment)
        program.sources = sources
    }
}
