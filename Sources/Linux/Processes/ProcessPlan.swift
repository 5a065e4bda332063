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

/// A process to start, down to what `Command` hides: the name it is called by, its namespaces, each descriptor.
package struct ProcessPlan: Sendable {
    package struct Namespaces: OptionSet, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        package static let mount = Namespaces(rawValue: 0x0002_0000)
        package static let process = Namespaces(rawValue: 0x2000_0000)
    }

    package var program: String
    /// With the name of the program in front.
    package var arguments: [String]
    package var environment: [String]
    package var directory: String?
    /// What becomes 0, 1, 2, …; nil is /dev/null.
    package var descriptors: [CInt?]
    package var namespaces: Namespaces
    package var newSession: Bool
    package var noNewPrivileges = false
    package var limits: Command.Limits

    package init(
        program: String, arguments: [String], environment: [String] = [], directory: String? = nil,
        descriptors: [CInt?], namespaces: Namespaces = [], newSession: Bool = false,
        limits: Command.Limits = Command.Limits()
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.descriptors = descriptors
        self.namespaces = namespaces
        self.newSession = newSession
        self.limits = limits
    }

    /// Starts the process and takes charge of it. `descriptors` must stay open until this returns.
    package func start() async throws -> ChildProcess {
        try ChildProcess(await spawn(), output: nil, error: nil)
    }

    func spawn() async throws -> StartedProcess {
        try await spawningThread.run { try spawnHere() }
    }

    private func spawnHere() throws(SystemError) -> StartedProcess {
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
            plan.clone_flags = namespaces.rawValue
            plan.new_session = newSession ? 1 : 0
            plan.no_new_privileges = noNewPrivileges ? 1 : 0
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
