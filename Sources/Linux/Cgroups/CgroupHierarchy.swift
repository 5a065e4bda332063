internal import CLinux
import Glibc
package import SystemPackage

/// Where this process may make cgroups: one directory per resource on version 1 and on hosts with both versions, one
/// for all on version 2.
package struct CgroupHierarchy: Hashable, Sendable {
    package enum Version: String, Hashable, Sendable {
        case legacy = "v1"
        case hybrid = "v1 and v2"
        case unified = "v2"
        case absent = "none"
    }

    package enum Resource: String, Hashable, Sendable, CaseIterable {
        case memory
        case processes = "pids"
        case processor = "cpu"
    }

    package let version: Version
    /// The directory below which a resource's cgroups are made; resources that cannot be limited are missing.
    package let parents: [Resource: FilePath]
    /// The same for the use of devices; nil where no file of a cgroup decides that, as on version 2.
    package let devices: FilePath?
    /// Why resources are missing, for people.
    package let obstacle: String?

    /// That of this host, probed once; leftovers of killed processes are swept then.
    package static let host: CgroupHierarchy = {
        let hierarchy = probe()
        Cgroup.sweep(hierarchy)
        return hierarchy
    }()

    /// What the host offers now. On version 2 this may move this process into a leaf of its cgroup, because the kernel
    /// gives controllers only to cgroups without processes of their own.
    package static func probe() -> CgroupHierarchy {
        let root = FilePath("/sys/fs/cgroup")
        let memberships = readMemberships()
        switch caisson_is_cgroup2(root.string) {
        case 1: return probeUnified(root, own: memberships[""] ?? "/")
        case 0: return probeLegacy(root, memberships)
        default:
            return CgroupHierarchy(
                version: .absent, parents: [:], devices: nil, obstacle: "no cgroup file system is mounted")
        }
    }

    private static func probeLegacy(_ root: FilePath, _ memberships: [String: String]) -> CgroupHierarchy {
        func parent(_ controller: String) -> FilePath? {
            let mount = root.appending(controller)
            // Below its own cgroup, so that outer limits hold; in a container that path may not be visible.
            let own = mount.pushing(relative(memberships[controller] ?? "/"))
            return [own, mount].first { isWritable($0.appending("cgroup.procs")) }
        }
        var parents: [Resource: FilePath] = [:]
        for resource in Resource.allCases { parents[resource] = parent(resource.rawValue) }
        let isHybrid = caisson_is_cgroup2(root.appending("unified").string) == 1
        return CgroupHierarchy(
            version: isHybrid ? .hybrid : .legacy, parents: parents, devices: parent("devices"),
            obstacle: parents.count == Resource.allCases.count ? nil : "cgroup controllers are missing or read-only")
    }

    private static func probeUnified(_ root: FilePath, own: String) -> CgroupHierarchy {
        var obstacle: String?
        for directory in [root.pushing(relative(own)), root] {
            guard isWritable(directory.appending("cgroup.subtree_control")) else {
                obstacle = "`\(directory)` is read-only"
                continue
            }
            leaveIfAlone(directory)
            let enabled = Resource.allCases.filter { enable($0, in: directory) }
            if enabled.isEmpty {
                obstacle = "no controller can be given to cgroups below `\(directory)`"
                continue
            }
            return CgroupHierarchy(
                version: .unified, parents: Dictionary(uniqueKeysWithValues: enabled.map { ($0, directory) }),
                devices: nil,
                obstacle: enabled.count == Resource.allCases.count ? nil : "some controllers are missing")
        }
        return CgroupHierarchy(version: .unified, parents: [:], devices: nil, obstacle: obstacle)
    }

    private static func enable(_ resource: Resource, in directory: FilePath) -> Bool {
        let control = directory.appending("cgroup.subtree_control")
        let name = resource.rawValue
        if (try? CgroupFile.read(control))?.split(separator: " ").contains(Substring(name)) == true { return true }
        return (try? CgroupFile.write("+\(name)", to: control)) != nil
    }

    /// A service with a cgroup of its own steps down into a leaf of it.
    private static func leaveIfAlone(_ directory: FilePath) {
        guard let processes = try? CgroupFile.read(directory.appending("cgroup.procs")),
            processes.split(separator: "\n").elementsEqual(["\(getpid())"])
        else { return }
        let leaf = directory.appending("caisson")
        mkdir(leaf.string, 0o755)
        try? CgroupFile.write("0", to: leaf.appending("cgroup.procs"))
    }

    /// The lines of /proc/self/cgroup: "id:controllers:path", controllers empty for version 2.
    private static func readMemberships() -> [String: String] {
        var memberships: [String: String] = [:]
        for line in ((try? CgroupFile.read("/proc/self/cgroup")) ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            for controller in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
                memberships[String(controller)] = String(fields[2])
            }
        }
        return memberships
    }

    private static func relative(_ path: String) -> FilePath { FilePath(String(path.drop { $0 == "/" })) }

    private static func isWritable(_ path: FilePath) -> Bool {
        (try? OwnedDescriptor.open(path, flags: O_WRONLY)) != nil
    }
}

/// The small text files cgroups are made of.
enum CgroupFile {
    static func read(_ path: FilePath) throws(SystemError) -> String {
        let file = try OwnedDescriptor.open(path)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let raw = file.rawValue
        let count = try check("read", path.string) {
            bytes.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    static func write(_ text: String, to path: FilePath) throws(SystemError) {
        let file = try OwnedDescriptor.open(path, flags: O_WRONLY)
        let bytes = Array(text.utf8)
        let raw = file.rawValue
        try check("write", path.string) { Glibc.write(raw, bytes, bytes.count) }
    }

    /// The number after `name` in a file of "name number" lines.
    static func number(_ name: String, in path: FilePath) -> UInt64? {
        guard let text = try? read(path) else { return nil }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name { return UInt64(words[1]) }
        }
        return nil
    }
}
