import Linux
import SystemPackage

/// The files of /etc that say where a program runs: the same on every host, shown over the image's own and never part of
/// a layer.
package enum FixedFiles {
    package struct File: Sendable {
        let path: String
        /// In the step's bundle.
        let name: String
        let contents: String
    }

    package static func files(for spec: SandboxSpec) -> [File] {
        [
            File(path: "/etc/hostname", name: "hostname", contents: "\(spec.hostname)\n"),
            File(
                path: "/etc/hosts", name: "hosts",
                contents: "127.0.0.1 localhost \(spec.hostname)\n::1 localhost ip6-localhost ip6-loopback\n"
                    + spec.extraHosts.map { "\($0.address) \($0.name)\n" }.joined()),
            File(path: "/etc/resolv.conf", name: "resolv.conf", contents: nameServers(of: spec.network)),
        ]
    }

    private static func nameServers(of network: SandboxSpec.Network) -> String {
        switch network {
        case .none: ""
        // slirp4netns's, which asks those of the host.
        case .default: "nameserver 10.0.2.3\n"
        case .host:
            (try? OwnedDescriptor.open("/etc/resolv.conf").contents(limit: 1 << 16)).map {
                String(decoding: $0, as: UTF8.self)
            } ?? ""
        }
    }
}
