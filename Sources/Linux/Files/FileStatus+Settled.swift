internal import CLinux
import Glibc

/// The kernel stamps changes with a clock that moves in steps of some milliseconds: two changes within one step look
/// the same. A status that is older than the step shows every later change.
extension FileStatus {
    /// Of an open file, taken when its last change is a step ago. Blocks for that long; a file that changes all the
    /// time is given up on after a tenth of a second and comes as it is.
    package static func settled(_ descriptor: CInt) throws(SystemError) -> FileStatus {
        for _ in 0..<100 {
            let status = try FileStatus.of(descriptor)
            if status.isSettled { return status }
            usleep(1000)
        }
        return try FileStatus.of(descriptor)
    }

    /// Blocks until whatever happens to the file shows in its status.
    package func waitUntilSettled() {
        for _ in 0..<100 where !isSettled { usleep(1000) }
    }

    private var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        let step = (Int64(now.tv_sec), UInt32(now.tv_nsec))
        // A clock that was set back is not waited for.
        return (changedSeconds, changedNanoseconds) < step || changedSeconds > step.0 + 1
    }
}
