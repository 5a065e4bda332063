import Linux

/// What the cgroup of a step with devices lets it use: these and what every step has.
enum DeviceRules {
    /// null, zero, full, random, urandom, tty, console, ptmx and terminals.
    private static let common =
        ["1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:1", "5:2", "136:*"].map { "c \($0) rwm" }

    /// nil for steps without devices: there are none in their sandbox that could be used. Where no cgroup decides over
    /// devices, those are given that may be read and written; less could not be enforced.
    static func of(_ spec: SandboxSpec, _ cgroups: CgroupHierarchy) throws(SandboxError) -> [String]? {
        var rules: [String] = []
        for mount in spec.mounts {
            guard case .device(let node, let access) = mount.source else { continue }
            let status: FileStatus
            do { status = try FileStatus.of(node.rawValue) } catch { throw SandboxError(.system, "\(error)") }
            guard cgroups.devices != nil || access.isSuperset(of: [.read, .write]) else {
                throw SandboxError(
                    .limit,
                    "the device \(mount.target) is for `\(access.letters)` only, which this host cannot enforce: "
                        + "that needs the devices controller of cgroup version 1")
            }
            if access.isEmpty { continue }
            let (major, minor) = status.deviceNumber
            rules.append("\(status.kind == .blockDevice ? "b" : "c") \(major):\(minor) \(access.letters)")
        }
        return rules.isEmpty ? nil : common + rules
    }
}
