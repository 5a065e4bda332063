import Linux
import Registry
import Sandbox
import Storage
package import SystemPackage

/// What this host can do for builds, found by trying.
package struct HostCheck: Sendable {
    package let name: String
    package let isGood: Bool
    /// Builds do not run without it.
    package let isRequired: Bool
    package let detail: String
    package let remedy: String?

    init(_ name: String, _ isGood: Bool, isRequired: Bool = true, detail: String, remedy: String? = nil) {
        self.name = name
        self.isGood = isGood
        self.isRequired = isRequired
        self.detail = detail
        self.remedy = remedy
    }
}

/// The checks behind `caisson doctor`.
package enum HostReport {
    package static func checks(store path: FilePath) async -> [HostCheck] {
        var checks = [
            HostCheck(
                "privileges", Superuser.isCurrent, detail: Superuser.isCurrent ? "root" : "not root",
                remedy: "run as root: builds without it are not supported yet"),
            program("crun", isRequired: true, "runs the steps"),
            program("slirp4netns", isRequired: false, "gives steps a network; without it only --network none works"),
        ]
        checks += await storeChecks(path)
        checks.append(await sandboxCheck(path))
        return checks
    }

    private static func program(_ name: String, isRequired: Bool, _ purpose: String) -> HostCheck {
        let path = Command.locate(name)
        return HostCheck(
            name, path != nil, isRequired: isRequired, detail: path.map { "\($0), \(purpose)" } ?? "not found; \(purpose)",
            remedy: "install the package \(name)")
    }

    private static func storeChecks(_ path: FilePath) async -> [HostCheck] {
        let store: Store
        do { store = try Store.open(at: path) } catch {
            return [HostCheck("store", false, detail: "\(error)", remedy: "name another place with --root")]
        }
        let probe = await SnapshotterProbe.run(store, ids: IDRanges.sample)
        let best = probe.results.last { $0.refusal == nil }?.name
        var checks = [
            HostCheck("store", true, detail: "\(path) on \(store.fileSystem.name), \(store.fileSystem.available >> 30) GiB free")
        ]
        for result in probe.results {
            checks.append(
                HostCheck(
                    "layers: \(result.name)", result.refusal == nil, isRequired: best == nil,
                    detail: result.refusal ?? "works",
                    remedy: "mounting layers needs Linux 6.12 and a store on ext4 or xfs; unpacked directories serve otherwise"))
        }
        return checks
    }

    /// Starts and stops a supervisor, which needs namespaces, cgroups and everything else a step does.
    private static func sandboxCheck(_ path: FilePath) async -> HostCheck {
        do {
            let supervisor = try await SandboxSupervisor.start(
                ids: IDRanges.sample, runtime: try CrunRuntime.locate(), expecting: [])
            await supervisor.stop()
            return HostCheck("sandbox", true, detail: "supervisor and namespaces work")
        } catch {
            return HostCheck(
                "sandbox", false, detail: "\(error)", remedy: "the kernel must allow user, mount, pid and network namespaces")
        }
    }
}
