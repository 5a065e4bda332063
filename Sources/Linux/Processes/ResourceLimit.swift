import Glibc

/// Resources of setrlimit(2), by the number the kernel and runtimes know.
package enum ResourceLimit: Int32, CaseIterable, Sendable {
    case processorSeconds = 0
    case fileSize = 1
    case data = 2
    case stack = 3
    case coreSize = 4
    case residentMemory = 5
    case processes = 6
    case openFiles = 7
    case lockedMemory = 8
    case locks = 10
    case pendingSignals = 11
    case messageQueueBytes = 12
    case niceness = 13
    case realTimePriority = 14
    case realTimeMicroseconds = 15

    /// By the name that `--ulimit` and pam_limits have.
    package init?(shortName: String) {
        guard let limit = Self.allCases.first(where: { $0.shortName == shortName }) else { return nil }
        self = limit
    }

    /// This process's own hard limit, above which it may set none.
    package var hardLimit: UInt64 {
        var limit = rlimit()
        // The C library's type for a resource differs between C and C++; its number does not.
        guard getrlimit(__rlimit_resource_t(rawValue), &limit) == 0 else { return .max }
        return UInt64(limit.rlim_max)
    }

    /// Throws if this process may give no other the hard limit `bound`: tried on itself and taken back.
    package func requireAllowed(_ bound: UInt64) throws(SystemError) {
        guard bound > hardLimit else { return }
        let resource = __rlimit_resource_t(rawValue)
        var present = rlimit()
        try check("read the limit", shortName) { getrlimit(resource, &present) }
        var raised = rlimit(rlim_cur: present.rlim_cur, rlim_max: rlim_t(bound))
        try check("raise the limit", shortName) { setrlimit(resource, &raised) }
        try check("restore the limit", shortName) { setrlimit(resource, &present) }
    }

    /// The runtime specification's name.
    package var name: String { "RLIMIT_" + shortName.uppercased() }

    package var shortName: String {
        switch self {
        case .processorSeconds: "cpu"
        case .fileSize: "fsize"
        case .data: "data"
        case .stack: "stack"
        case .coreSize: "core"
        case .residentMemory: "rss"
        case .processes: "nproc"
        case .openFiles: "nofile"
        case .lockedMemory: "memlock"
        case .locks: "locks"
        case .pendingSignals: "sigpending"
        case .messageQueueBytes: "msgqueue"
        case .niceness: "nice"
        case .realTimePriority: "rtprio"
        case .realTimeMicroseconds: "rttime"
        }
    }
}
