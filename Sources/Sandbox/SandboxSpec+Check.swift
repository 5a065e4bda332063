import Glibc
import Linux

extension SandboxSpec {
    /// Throws for what no runtime can carry out as it is written.
    func check(_ ids: IDMapping) throws(SandboxError) {
        guard let program = arguments.first, !program.isEmpty else {
            throw SandboxError(.notExecutable, "the command is empty")
        }
        for text in arguments + environment + [workingDirectory] where text.utf8.contains(0) {
            throw SandboxError(.notExecutable, "a zero byte cannot be part of an argument or a variable")
        }
        for file in files
        where file.name.isEmpty || file.name.hasPrefix(".") || file.name.utf8.contains(UInt8(ascii: "/")) {
            throw SandboxError(.notExecutable, "`\(file.name)` is no name for a file of a step")
        }
        try checkNames()
        for (resource, bounds) in limits.resources where bounds.soft > bounds.hard {
            throw SandboxError(.limit, "the limit \(resource.shortName) has a soft bound above its hard one")
        }
        for id in [user.uid, user.gid] + user.supplementaryGroups where ids.outside(id) == nil {
            throw SandboxError(.notExecutable, "the id \(id) is none of the \(ids.count) ids of a build")
        }
    }

    /// Whether it can stand in /etc/hosts.
    package static func isHostname(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
        }
        return isWord && (1...253).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
    }

    /// Whether a step can be on a host of that name: as long as the kernel takes.
    package static func isOwnHostname(_ text: String) -> Bool { isHostname(text) && text.utf8.count <= 64 }

    private func checkNames() throws(SandboxError) {
        guard Self.isOwnHostname(hostname) else {
            throw SandboxError(.invalidName, "`\(hostname)` is no host name")
        }
        for host in extraHosts {
            guard Self.isHostname(host.name) else { throw SandboxError(.invalidName, "`\(host.name)` is no host name") }
            guard host.isAddress else {
                throw SandboxError(.invalidName, "`\(host.address)` is no IP address for \(host.name)")
            }
        }
    }
}

extension SandboxSpec.ExtraHost {
    package var isAddress: Bool {
        var (four, six) = (in_addr(), in6_addr())
        return inet_pton(AF_INET, address, &four) == 1 || inet_pton(AF_INET6, address, &six) == 1
    }
}

extension SandboxSpec.Limits {
    var cgroupLimits: Cgroup.Limits {
        Cgroup.Limits(memory: memory, processes: processes, processors: processors)
    }
}
