internal import Dockerfile
internal import Sandbox
internal import SystemPackage

/// RUN --device.
extension Planner {
    /// What the devices bring. One that is there and not allowed is an error, one that is missing only if the
    /// instruction requires it.
    mutating func devices(of run: RunInstruction) throws(PlanError) -> RunDevices {
        var result = RunDevices()
        var taken: Set<String> = []
        for option in run.devices {
            guard DeviceName.isWellFormed(option.name) else {
                throw PlanError(
                    .error(
                        "`\(option.name)` is no name for a device", at: option.range,
                        hint: "write vendor/class=name, vendor/class=* or vendor/class"))
            }
            if isSurvey { continue }
            let devices = hostDevices.devices(named: option.name)
            if devices.isEmpty { try miss(option) }
            for device in devices where taken.insert(device.name).inserted {
                if let refusal = device.refusal {
                    throw PlanError(
                        .error("the device \(device.name) cannot be had: \(refusal)", at: option.range))
                }
                if !device.isAllowed, !request.entitlements.contains(where: { $0.allows(device) }) {
                    try require(.device(device.name), for: "RUN --device=\(option.name)", at: option.range)
                }
                result.edits.add(device.edits)
            }
            if !result.names.contains(option.name) { result.names.append(option.name) }
        }
        return result
    }

    private mutating func miss(_ option: DeviceOption) throws(PlanError) {
        let directories = request.devices.directories.map(\.string).joined(separator: ", ")
        var notes = "specifications are looked for in \(directories)"
        if !hostDevices.faults.isEmpty {
            notes += "; these cannot be read: \(hostDevices.faults.joined(separator: "; "))"
        } else if let near = Suggestion.nearest(to: option.name, among: hostDevices.devices.map(\.name)) {
            notes += "; did you mean `\(near)`?"
        }
        if option.isRequired {
            throw PlanError(.error("this host has no device `\(option.name)`", at: option.range, hint: notes))
        }
        warnings.append(
            Diagnostic(
                .warning, "this host has no device `\(option.name)`: RUN goes without", at: option.range, hint: notes))
    }
}

extension Entitlement {
    /// By its name, its kind or as any device.
    fileprivate func allows(_ device: Device) -> Bool {
        guard case .device(let name) = self else { return false }
        return name == nil || name == device.name || name == device.kind || name == device.kind + "=*"
    }
}
