package import Linux
import OCI
package import Sandbox

/// What a request gives every RUN besides what the Dockerfile says.
package struct RunSettings: Hashable, Sendable {
    /// Lines of /etc/hosts.
    package var extraHosts: [SandboxSpec.ExtraHost]
    /// Bytes of /dev/shm; nil is the sandbox's own choice.
    package var sharedMemory: UInt64?
    package var resources: [ResourceLimit: SandboxSpec.Limits.Bounds]
    /// nil is the sandbox's own.
    package var hostname: String?

    package init(
        extraHosts: [SandboxSpec.ExtraHost] = [], sharedMemory: UInt64? = nil,
        resources: [ResourceLimit: SandboxSpec.Limits.Bounds] = [:], hostname: String? = nil
    ) {
        self.extraHosts = extraHosts
        self.sharedMemory = sharedMemory
        self.resources = resources
        self.hostname = hostname
    }

    /// Of the hosts the names alone: where they are must not decide what is built. Room for shared memory decides, like
    /// memory, whether a command succeeds and not what it makes.
    var ingredients: JSON? {
        if extraHosts.isEmpty, resources.isEmpty, hostname == nil { return nil }
        let limits = resources.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { JSON.string("\($0.key.shortName)=\($0.value.soft):\($0.value.hard)") }
        return [
            "hosts": extraHosts.isEmpty ? nil : .array(extraHosts.map { .string($0.name) }),
            "limits": limits.isEmpty ? nil : .array(limits),
            "hostname": hostname.map { .string($0) },
        ]
    }

    func apply(to spec: inout SandboxSpec) {
        spec.extraHosts = extraHosts
        spec.limits.resources.merge(resources) { $1 }
        if let sharedMemory { spec.limits.sharedMemory = sharedMemory }
        if let hostname { spec.hostname = hostname }
    }
}
