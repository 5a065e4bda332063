package import SystemPackage

/// A program that runs a step from a bundle: a driver for one of the OCI runtimes.
package protocol SandboxRuntime: Sendable {
    /// As users name it.
    var name: String { get }
    var program: FilePath { get }
    /// The annotation by which it takes a finished seccomp filter, in base64.
    var filterAnnotation: String { get }
    /// The command that runs the bundle in `directory` in the foreground, keeps its state in `state`, makes no cgroups and
    /// reports its own failures, and only those, to the file `log`. The terminal of a bundle that wants one is sent to the
    /// socket `terminal`.
    func command(bundle directory: String, state: String, log: String, terminal: String?) -> [String]
}

extension SandboxRuntime {
    /// The identifier of the one container a step's private state directory ever holds.
    package var containerID: String { "build" }
}
