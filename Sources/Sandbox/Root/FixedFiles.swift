/// The files of /etc that say where a program runs: the same on every host, shown over the image's own and never part of
/// a layer.
package enum FixedFiles {
    static let hostname = "build"

    package struct File: Sendable {
        let path: String
        /// In the step's bundle.
        let name: String
        let contents: String
    }

    package static func files(for network: SandboxSpec.Network) -> [File] {
        [
            File(path: "/etc/hostname", name: "hostname", contents: "\(hostname)\n"),
            File(
                path: "/etc/hosts", name: "hosts",
                contents: "127.0.0.1 localhost \(hostname)\n::1 localhost ip6-localhost ip6-loopback\n"),
            // The name server of slirp4netns, which asks those of the host.
            File(
                path: "/etc/resolv.conf", name: "resolv.conf",
                contents: network == .default ? "nameserver 10.0.2.3\n" : ""),
        ]
    }
}
