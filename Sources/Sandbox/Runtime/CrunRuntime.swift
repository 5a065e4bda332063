import Linux
package import SystemPackage

/// crun: small, started in a few milliseconds.
package struct CrunRuntime: SandboxRuntime {
    package let program: FilePath

    package var name: String { "crun" }
    package var filterAnnotation: String { "run.oci.seccomp_bpf_data" }

    package init(program: FilePath) { self.program = program }

    /// The one of this host.
    package static func locate() throws(SandboxError) -> CrunRuntime {
        guard let program = Command.locate("crun") else {
            throw SandboxError(.missingProgram, "no crun on this host: install the package crun")
        }
        return CrunRuntime(program: program)
    }

    package func command(bundle directory: String, state: String, log: String, terminal: String?) -> [String] {
        [
            program.string, "--cgroup-manager=disabled", "--root=\(state)", "--log=\(log)", "run",
            "--bundle=\(directory)",
        ] + (terminal.map { ["--console-socket=\($0)"] } ?? []) + [containerID]
    }
}
