import SystemPackage

extension SandboxHost {
    /// The devices that RUN can ask for. A host without any lacks nothing; one whose specifications cannot be read does.
    package static func devices(of registry: DeviceRegistry) -> HostCheck {
        let contents = registry.contents()
        let names = contents.devices.map { device in
            device.refusal.map { "\(device.name) (\($0))" } ?? device.name
                + (device.isAllowed ? " (for any build)" : "")
        }
        let places = registry.directories.map(\.string).joined(separator: ", ")
        let found = names.isEmpty ? "none described in \(places)" : names.joined(separator: ", ")
        return HostCheck(
            "devices", isMet: contents.faults.isEmpty,
            detail: ([found] + contents.faults).joined(separator: "; "), remedy: "mend or remove these specifications")
    }
}
