internal import CLinux
import Glibc

/// What this machine has.
package enum HostMemory {
    /// Bytes of memory.
    package static var size: UInt64 { UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(getpagesize()) }
}

/// This process's own memory.
package enum ProcessMemory {
    /// Keeps it out of core dumps, and other users' processes from reading it, until another program is executed.
    package static func keepPrivate() { caisson_forbid_dumps() }
}
