import Glibc
import Linux
package import OCI
import SystemPackage

/// The right to carry out a step: whoever else comes to the same step, in whatever process, waits until this goes.
///
/// Each step is one byte of one file, at an offset that its name gives, so nothing is left behind. The kernel takes the
/// right from a process that dies.
package final class StepTurn: Sendable {
    /// F_OFD_SETLK, a constant of GNU's that the importer does not see.
    private static let setLock: CInt = 37

    private let file: SharedDescriptor
    private let offset: Int64

    fileprivate init?(_ file: SharedDescriptor, at offset: Int64) throws(SystemError) {
        self.file = file
        self.offset = offset
        guard try StepTurn.set(F_WRLCK, on: file, at: offset) else { return nil }
    }

    deinit { _ = try? StepTurn.set(F_UNLCK, on: file, at: offset) }

    /// False if another open file has the byte.
    private static func set(_ type: CInt, on file: SharedDescriptor, at offset: Int64) throws(SystemError) -> Bool {
        var range = flock()
        range.l_type = Int16(type)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = off_t(offset)
        range.l_len = 1
        if fcntl(file.rawValue, setLock, &range) == 0 { return true }
        if errno == EAGAIN || errno == EACCES { return false }
        throw SystemError("lock", "steps.lock")
    }
}

extension Store {
    /// Returns when no other process carries out the step of that name. `waiting` is called once if one does.
    package func turn(for step: Digest, waiting: () -> Void) async throws -> StepTurn {
        let path = root.appending("steps.lock")
        let file = SharedDescriptor(try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT))
        let offset = step.bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) } & Int64.max >> 1
        if let turn = try StepTurn(file, at: offset) { return turn }
        waiting()
        var pause = Duration.milliseconds(1)
        while true {
            // A thread inside fcntl(2) cannot be called back.
            try await Task.sleep(for: pause)
            if let turn = try StepTurn(file, at: offset) { return turn }
            pause = min(pause * 2, .milliseconds(50))
        }
    }
}
