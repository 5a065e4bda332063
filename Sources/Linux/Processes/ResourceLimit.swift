import Glibc

/// Resources of setrlimit(2), by the number the kernel and runtimes know.
package enum ResourceLimit: Int32, Sendable {
    case coreSize = 4
    case openFiles = 7
    case lockedMemory = 8
    case messageQueueBytes = 12

    /// This process's own hard limit, above which it may set none.
    package var hardLimit: UInt64 {
        var limit = rlimit()
        // The C library's type for a resource differs between C and C++; its number does not.
        guard getrlimit(__rlimit_resource_t(rawValue), &limit) == 0 else { return .max }
        return UInt64(limit.rlim_max)
    }

    /// The runtime specification's name.
    package var name: String {
        switch self {
        case .coreSize: "RLIMIT_CORE"
        case .openFiles: "RLIMIT_NOFILE"
        case .lockedMemory: "RLIMIT_MEMLOCK"
        case .messageQueueBytes: "RLIMIT_MSGQUEUE"
        }
    }
}
