internal import CLinux
import Glibc
import SystemPackage

/// The parent-death signal fires when the *thread* that created the child ends, so all children come from one thread
/// that never does.
let spawningThread = BlockingThread(label: "spawn")

/// A started process nobody waits for yet.
struct StartedProcess: Sendable {
    let id: pid_t
    let pidfd: SharedDescriptor
}

/// The arguments of caisson_start, in Swift.
struct ProcessPlan: Sendable {
    var program: String
    /// With the name of the program in front.
    var arguments: [String]
    var environment: [String]
    var directory: String?
    /// What becomes 0, 1, 2, …; nil is /dev/null.
    var descriptors: [CInt?]
    var cloneFlags: UInt64 = 0
    var newSession = false
    var limits = Command.Limits()

    /// Starts the process from the spawning thread. `descriptors` must stay open until this returns.
    func start() async throws -> StartedProcess {
        try await spawningThread.run { try startHere() }
    }

    private func startHere() throws(SystemError) -> StartedProcess {
        let argv = CStringArray(arguments)
        let envp = CStringArray(environment)
        let path = CStringArray([program] + (directory.map { [$0] } ?? []))
        let numbers = descriptors.map { $0 ?? -1 }
        var pidfd: CInt = -1
        var failed: UnsafePointer<CChar>?
        let id = numbers.withUnsafeBufferPointer { numbers in
            var plan = caisson_program()
            plan.path = UnsafePointer(path.pointer[0])
            plan.directory = directory == nil ? nil : UnsafePointer(path.pointer[1])
            plan.arguments = UnsafePointer(argv.pointer)
            plan.environment = UnsafePointer(envp.pointer)
            plan.descriptors = numbers.baseAddress
            plan.descriptor_count = CInt(numbers.count)
            plan.clone_flags = cloneFlags
            plan.new_session = newSession ? 1 : 0
            plan.dies_with_thread = 1
            plan.file_size_limit = limits.fileSize ?? 0
            plan.cpu_seconds = limits.cpuSeconds ?? 0
            plan.address_space = limits.addressSpace ?? 0
            return withExtendedLifetime((argv, envp, path)) { caisson_start(&plan, &pidfd, &failed) }
        }
        guard id >= 0 else {
            let error = Errno(rawValue: Glibc.errno)
            throw SystemError(failed.map { String(cString: $0) } ?? "start", program, errno: error)
        }
        return StartedProcess(id: id, pidfd: SharedDescriptor(OwnedDescriptor(adopting: pidfd)))
    }
}

/// Strings for a C call: a null-terminated array of pointers, freed with the value.
private final class CStringArray {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointer[index] = strdup(string) }
        pointer[strings.count] = nil
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }
}
