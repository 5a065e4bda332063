import Glibc
import Linux
package import SystemPackage

/// The devices of a host: what the specifications in some directories describe. They are as trustworthy as whoever may
/// write there; no build may.
package struct DeviceRegistry: Hashable, Sendable {
    package static let defaultDirectories: [FilePath] = ["/etc/cdi", "/var/run/cdi"]

    /// Of devices with one name that of a later directory counts.
    package var directories: [FilePath]

    package init(directories: [FilePath] = Self.defaultDirectories) { self.directories = directories }

    /// What can be had now, and what is wrong with the specifications.
    package struct Contents: Sendable {
        /// By name.
        package let devices: [Device]
        /// `file:line: message` each.
        package let faults: [String]
    }

    /// A specification is no larger.
    private static let limit = 1 << 20

    package func contents() -> Contents {
        var devices: [String: Device] = [:]
        var faults: [String] = []
        for directory in directories {
            var found: [String: Device] = [:]
            for name in files(in: directory, &faults) {
                let file = directory.appending(name)
                do {
                    for var device in try Self.read(file).devices {
                        if let other = found[device.name] {
                            device.refusal = "`\(other.file)` and `\(file)` both describe it"
                        }
                        found[device.name] = device
                    }
                } catch let fault as SpecificationFault {
                    faults.append("\(file):\(fault.line): \(fault.message)")
                } catch {
                    faults.append("\(error)")
                }
            }
            devices.merge(found) { $1 }
        }
        return Contents(devices: devices.values.sorted { $0.name < $1.name }, faults: faults)
    }

    /// Names of specifications, in order. A directory that is not there has none.
    private func files(in directory: FilePath, _ faults: inout [String]) -> [String] {
        do {
            let opened = try OwnedDescriptor.open(directory, flags: OpenFlags.directory)
            return try DirectoryListing.names(in: opened.rawValue).compactMap { String(validating: $0, as: UTF8.self) }
                .filter { $0.hasSuffix(".json") || $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        } catch {
            if error.errno != .noSuchFileOrDirectory { faults.append("\(error)") }
            return []
        }
    }

    private static func read(_ file: FilePath) throws -> DeviceSpecification {
        // A pipe is not waited for.
        let opened = try OwnedDescriptor.open(file, flags: O_RDONLY | O_NONBLOCK)
        guard try FileStatus.of(opened.rawValue).kind == .file else {
            throw SandboxError(.system, "`\(file)` is no regular file")
        }
        let bytes = try FileContents.read(opened, named: file.string, limit: limit)
        return try DeviceSpecification(parsing: bytes, file: file.string)
    }
}

extension DeviceRegistry.Contents {
    /// What a name means (`DeviceName`); nothing if there is no such device.
    package func devices(named name: String) -> [Device] {
        var found: [Device] = []
        if let equals = name.firstIndex(of: "=") {
            let kind = name[..<equals]
            found = name.hasSuffix("=*") ? devices.filter { $0.kind == kind } : devices.filter { $0.name == name }
        } else if DeviceName.isKind(name) {
            found = Array(devices.filter { $0.kind == name }.prefix(1))
        }
        return found.isEmpty ? devices.filter { $0.group == name } : found
    }
}
