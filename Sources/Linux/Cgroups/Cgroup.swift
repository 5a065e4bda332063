import Glibc
import SystemPackage

/// A cgroup for one job's processes, with limits; on version 1 a directory in each hierarchy.
///
/// It is made empty: a process joins by writing "0" into each of `processFiles`. `remove` it once its processes are
/// gone; what a killed program leaves is an empty directory, which `sweep` finds.
package final class Cgroup: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Bytes, swap included.
        package var memory: UInt64?
        package var processes: UInt64?
        /// In processors; may be a fraction.
        package var processors: Double?
        /// The only devices that may be used, as "c 1:3 rw"; nil is any.
        package var devices: [String]?

        package init(
            memory: UInt64? = nil, processes: UInt64? = nil, processors: Double? = nil, devices: [String]? = nil
        ) {
            self.memory = memory
            self.processes = processes
            self.processors = processors
            self.devices = devices
        }
    }

    /// What its processes did with their limits.
    package struct Usage: Hashable, Sendable {
        /// nil where the kernel does not tell.
        package let peakMemory: UInt64?
        package let outOfMemoryKills: UInt64
        /// How often a process could not be created for the limit.
        package let refusedProcesses: UInt64
    }

    /// The cgroup.procs files, open for writing.
    package let processFiles: [SharedDescriptor]
    private let directories: [CgroupHierarchy.Resource: FilePath]
    /// Only if devices are limited.
    private let devices: FilePath?
    private let isUnified: Bool

    private static func all(_ directories: [CgroupHierarchy.Resource: FilePath], _ devices: FilePath?) -> Set<FilePath>
    {
        Set(directories.values).union(devices.map { [$0] } ?? [])
    }

    /// Makes a cgroup below `hierarchy`'s parents. Limits of resources the hierarchy lacks are not set.
    package init(_ hierarchy: CgroupHierarchy, named name: String, limits: Limits) throws(SystemError) {
        var directories: [CgroupHierarchy.Resource: FilePath] = [:]
        for (resource, parent) in hierarchy.parents { directories[resource] = parent.appending(name) }
        self.directories = directories
        let devices = limits.devices == nil ? nil : hierarchy.devices?.appending(name)
        self.devices = devices
        isUnified = hierarchy.version == .unified
        var files: [SharedDescriptor] = []
        do {
            for directory in Self.all(directories, devices) {
                try check("create the cgroup", directory.string) { mkdir(directory.string, 0o755) }
                let file = try OwnedDescriptor.open(directory.appending("cgroup.procs"), flags: O_WRONLY)
                files.append(SharedDescriptor(file))
            }
            try Self.set(limits, in: directories, isUnified)
            if let devices {
                try CgroupFile.write("a", to: devices.appending("devices.deny"))
                for device in limits.devices ?? [] {
                    try CgroupFile.write(device, to: devices.appending("devices.allow"))
                }
            }
        } catch {
            for directory in Self.all(directories, devices) { rmdir(directory.string) }
            throw error
        }
        processFiles = files
    }

    private static func set(
        _ limits: Limits, in directories: [CgroupHierarchy.Resource: FilePath], _ isUnified: Bool
    ) throws(SystemError) {
        if let directory = directories[.memory], let bytes = limits.memory {
            try CgroupFile.write(
                "\(bytes)", to: directory.appending(isUnified ? "memory.max" : "memory.limit_in_bytes"))
            // Absent on kernels that do not account for swap.
            let swap = directory.appending(isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes")
            if access(swap.string, W_OK) == 0 { try CgroupFile.write(isUnified ? "0" : "\(bytes)", to: swap) }
        }
        if let directory = directories[.processes], let count = limits.processes {
            try CgroupFile.write("\(count)", to: directory.appending("pids.max"))
        }
        if let directory = directories[.processor], let processors = limits.processors {
            let period = 100_000
            // The kernel takes no less than a millisecond.
            let quota = max(1000, Int(Double(period) * processors))
            if isUnified {
                try CgroupFile.write("\(quota) \(period)", to: directory.appending("cpu.max"))
            } else {
                try CgroupFile.write("\(period)", to: directory.appending("cpu.cfs_period_us"))
                try CgroupFile.write("\(quota)", to: directory.appending("cpu.cfs_quota_us"))
            }
        }
    }

    package func usage() -> Usage {
        var peak: UInt64?
        var kills: UInt64 = 0
        if let directory = directories[.memory] {
            let file = directory.appending(isUnified ? "memory.peak" : "memory.max_usage_in_bytes")
            peak = (try? CgroupFile.read(file)).flatMap { UInt64($0.prefix { $0.isNumber }) }
            let events = directory.appending(isUnified ? "memory.events" : "memory.oom_control")
            kills = CgroupFile.number("oom_kill", in: events) ?? 0
        }
        let refused = directories[.processes].flatMap { CgroupFile.number("max", in: $0.appending("pids.events")) }
        return Usage(peakMemory: peak, outOfMemoryKills: kills, refusedProcesses: refused ?? 0)
    }

    /// Removes the cgroup. Blocks for the moment the kernel needs after the last process was reaped; a cgroup that
    /// still has processes after that stays and is an error.
    package func remove() throws(SystemError) {
        for directory in Self.all(directories, devices) {
            var attempts = 0
            while rmdir(directory.string) != 0, Glibc.errno != ENOENT {
                attempts += 1
                guard Glibc.errno == EBUSY, attempts < 200 else {
                    throw SystemError("remove the cgroup", directory.string)
                }
                usleep(1000)
            }
        }
    }
}

extension Cgroup {
    /// A name for a cgroup of this process which `sweep` knows: nobody else has it, now or later.
    package static func name(_ number: UInt64) -> String {
        "caisson-\(getpid())-\(startTime(of: getpid()) ?? 0)-\(number)"
    }

    /// Removes the empty cgroups that killed processes of this program left.
    package static func sweep(_ hierarchy: CgroupHierarchy) {
        for parent in Set(hierarchy.parents.values).union(hierarchy.devices.map { [$0] } ?? []) {
            guard let directory = opendir(parent.string) else { continue }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                let fields = name.split(separator: "-")
                guard fields.count == 4, fields[0] == "caisson", let process = pid_t(fields[1]),
                    startTime(of: process).map(String.init) != String(fields[2])
                else { continue }
                // Fails for one that has processes, which is right.
                rmdir(parent.appending(name).string)
            }
        }
    }

    /// Field 22 of /proc/<pid>/stat: with the number it names a process for as long as the host is up.
    private static func startTime(of process: pid_t) -> UInt64? {
        guard let text = try? CgroupFile.read(FilePath("/proc/\(process)/stat")), let end = text.lastIndex(of: ")")
        else {
            return nil
        }
        let fields = text[end...].split(separator: " ")
        return fields.count > 20 ? UInt64(fields[20]) : nil
    }
}
