internal import CLinux
import Glibc

/// The files a step's runtime finds in the step's private directory, and the command line that starts it.
package struct StepBundle: ~Copyable {
    /// The directory, in the step's mount namespace.
    package static let directory = CAISSON_STEP_DIRECTORY
    package static let logPath = "/proc/self/fd/\(caisson_runtime_log)"
    package static let userNamespacePath = "/proc/self/fd/\(caisson_runtime_user_namespace)"
    package static let networkNamespacePath = "/proc/self/fd/\(caisson_runtime_network_namespace)"

    package static func mountPath(_ index: Int) -> String { "\(CAISSON_STEP_DIRECTORY)/mounts/\(index)" }

    private var bytes: [UInt8] = []

    /// `command` begins with the absolute path of the runtime.
    package init(command: [String]) { append("", command.flatMap { Array($0.utf8) + [0] }, mode: 0) }

    /// A file of the directory that belongs to the build's root, readable by all.
    package mutating func add(_ name: String, _ contents: [UInt8], isProgram: Bool = false) {
        append(name, contents, mode: isProgram ? 0o755 : 0o644)
    }

    private mutating func append(_ name: String, _ contents: [UInt8], mode: UInt32) {
        let entry = caisson_bundle_entry(
            name_length: UInt32(name.utf8.count), size: UInt32(contents.count), mode: mode)
        withUnsafeBytes(of: entry) { bytes += $0 }
        bytes += Array(name.utf8)
        bytes += contents
    }

    /// The bundle in memory, as the supervisor takes it.
    package consuming func descriptor() throws(SystemError) -> SharedDescriptor {
        let memory = try SharedDescriptor.memory("bundle")
        try memory.write(bytes)
        return memory
    }
}

extension OwnedDescriptor {
    /// The first `limit` bytes of the file.
    package borrowing func contents(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let raw = rawValue
        let count = try check("read") { bytes.withUnsafeMutableBytes { pread(raw, $0.baseAddress, $0.count, 0) } }
        return Array(bytes[..<count])
    }
}

extension SharedDescriptor {
    /// An empty file in memory (memfd_create(2)).
    package static func memory(_ name: String) throws(SystemError) -> SharedDescriptor {
        SharedDescriptor(OwnedDescriptor(adopting: try check("create a file in memory") { caisson_memfd(name) }))
    }

    /// The first `limit` bytes of the file, wherever its position is.
    package func contents(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try check("read") { bytes.withUnsafeMutableBytes { pread(rawValue, $0.baseAddress, $0.count, 0) } }
        return Array(bytes[..<count])
    }
}
