import Build
import Linux
package import Sandbox
import Storage
package import SystemPackage

/// What this host can do for builds, found by trying: the checks behind `caisson doctor`.
package enum HostReport {
    package static func checks(
        store path: FilePath, devices: DeviceRegistry = DeviceRegistry()
    ) async -> [HostCheck] {
        // Opened first: what the host can do depends on where the store lies.
        let store = Result { try Store.open(at: path) }
        let host = await SandboxHost.checks(dataDirectory: path) + [SandboxHost.devices(of: devices)]
        switch store {
        case .success(let store): return await host + storeChecks(store)
        case .failure(let error):
            return host
                + [HostCheck("store", isMet: false, detail: "\(error)", remedy: "name another place with --root")]
        }
    }

    private static func storeChecks(_ store: Store) async -> [HostCheck] {
        let room = "\(store.root) on \(store.fileSystem.name), \(store.fileSystem.available >> 30) GiB free"
        var checks = [HostCheck("store", isMet: true, detail: room, remedy: ""), foreignPlatforms()]
        let probe = await SnapshotterProbe.run(store, ids: IDRanges.sample)
        for result in probe.results {
            checks.append(
                HostCheck(
                    "layers: \(result.name)", isMet: result.refusal == nil, detail: result.refusal ?? "works",
                    remedy: probe.snapshotter == nil
                        ? "the kernel must have overlayfs with idmapped layers, Linux 5.19 or newer"
                        : "unpacked directories serve instead; mounting needs Linux 6.12 and a store on ext4 or xfs"))
        }
        return checks
    }

    private static func foreignPlatforms() -> HostCheck {
        let architectures = ForeignPlatform.architectures()
        let isMounted = FileContents.exists(BinaryFormat.directory.appending("register"))
        let lack = isMounted ? "no emulators" : "no emulators: `\(BinaryFormat.directory)` is not mounted"
        let mount = isMounted ? "" : ", and mount -t binfmt_misc binfmt_misc \(BinaryFormat.directory)"
        return HostCheck(
            "foreign platforms", isMet: !architectures.isEmpty,
            detail: architectures.isEmpty ? lack : architectures.joined(separator: ", "),
            remedy: "install qemu-user-static to run steps for other CPUs\(mount)")
    }

    /// Whether builds can run here: `checks` without what has a substitute.
    package static func allowsBuilds(_ checks: [HostCheck]) -> Bool {
        let layers = checks.filter { $0.name.hasPrefix("layers: ") }
        return checks.allSatisfy { $0.isMet || $0.name.hasPrefix("layers: ") || optional.contains($0.name) }
            && layers.contains(where: \.isMet)
    }

    /// Without them builds run with less: no network, no limits, no other CPUs, no devices.
    private static let optional: Set<String> = [
        "slirp4netns", "/dev/net/tun", "cgroups", "foreign platforms", "devices",
    ]
}
