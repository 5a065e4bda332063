import ArgumentParser
import Build
import Dockerfile
import Linux
import Sandbox

/// What programs in sandboxes find and may use, besides `LimitOptions`.
struct SandboxOptions: ParsableArguments {
    @Option(
        name: .customLong("add-host"),
        help: ArgumentHelp(
            "A line of /etc/hosts; host-gateway is this host as steps reach it.", valueName: "name:address"))
    var addHost: [ExtraHost] = []
    @Option(name: .customLong("shm-size"), help: ArgumentHelp("Size of /dev/shm. Default: 64m.", valueName: "bytes"))
    var sharedMemory: Size?
    @Option(
        name: .customLong("ulimit"),
        help: ArgumentHelp(
            "A limit of each process, as nofile=1024:4096; -1 is none.", valueName: "name=soft[:hard]"))
    var ulimit: [ProcessLimit] = []

    /// Throws for what this host refuses, before anything runs.
    func settings() throws -> RunSettings {
        for limit in ulimit {
            do { try limit.resource.requireAllowed(limit.bounds.hard) } catch {
                throw CommandFailure.usage(
                    "--ulimit \(limit.resource.shortName): this host allows at most \(limit.resource.hardLimit): \(error)"
                )
            }
        }
        return RunSettings(
            // The kernel would take 0 for no bound.
            extraHosts: addHost.map(\.host),
            sharedMemory: sharedMemory.flatMap { $0.bytes == 0 ? nil : UInt64($0.bytes) },
            resources: Dictionary(ulimit.map { ($0.resource, $0.bounds) }) { $1 })
    }
}

/// `name:address` or `name=address`; an IPv6 address may stand in brackets, and `host-gateway` is an address of this host.
struct ExtraHost: ExpressibleByArgument {
    let host: SandboxSpec.ExtraHost

    init?(argument: String) {
        guard let separator = argument.firstIndex(where: { $0 == ":" || $0 == "=" }) else { return nil }
        var address = argument[argument.index(after: separator)...]
        if address.first == "[", address.last == "]" { address = address.dropFirst().dropLast() }
        if address == "host-gateway" { address = HostAddress.outward().map { $0[...] } ?? address }
        host = SandboxSpec.ExtraHost(name: String(argument[..<separator]), address: String(address))
        if !SandboxSpec.isHostname(host.name) || !host.isAddress { return nil }
    }
}

struct ProcessLimit: ExpressibleByArgument {
    let resource: ResourceLimit
    let bounds: SandboxSpec.Limits.Bounds

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let resource = ResourceLimit(shortName: String(parts[0])) else { return nil }
        let values = parts[1].split(separator: ":", omittingEmptySubsequences: false).map(Self.value)
        guard values.count <= 2, let soft = values.first ?? nil, let hard = values.last ?? nil, soft <= hard else {
            return nil
        }
        self.resource = resource
        bounds = .init(soft: soft, hard: hard)
    }

    private static func value(_ text: Substring) -> UInt64? {
        text == "-1" || text == "unlimited" ? .max : UInt64(text)
    }
}
