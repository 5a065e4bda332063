internal import CLinux
import Glibc
import SystemPackage

/// A terminal somebody sits at.
package struct Terminal: Sendable {
    package let descriptor: SharedDescriptor

    /// Standard input, if that is a terminal. The descriptor is a duplicate.
    package static func standardInput() throws(SystemError) -> Terminal? {
        guard isatty(STDIN_FILENO) == 1 else { return nil }
        return Terminal(descriptor: try .standardInput())
    }

    /// The terminal that this process was started at; nil without one.
    package static func controlling() throws(SystemError) -> Terminal? {
        do { return Terminal(descriptor: SharedDescriptor(try OwnedDescriptor.open("/dev/tty", flags: O_RDWR))) } catch
        {
            guard [.noSuchAddressOrDevice, .noSuchFileOrDirectory].contains(error.errno) else { throw error }
            return nil
        }
    }

    package init(descriptor: SharedDescriptor) { self.descriptor = descriptor }

    /// nil if it does not tell, as serial lines do.
    package var size: TerminalSize? {
        var (columns, rows): (UInt16, UInt16) = (0, 0)
        guard caisson_get_window_size(descriptor.rawValue, &columns, &rows) == 0, columns > 0, rows > 0 else {
            return nil
        }
        return TerminalSize(columns: Int(columns), rows: Int(rows))
    }

    /// Gives the terminal another size and tells the programs in it.
    package func resize(to size: TerminalSize) throws(SystemError) {
        let (columns, rows) = (UInt16(clamping: size.columns), UInt16(clamping: size.rows))
        try check("resize a terminal") { caisson_set_window_size(descriptor.rawValue, columns, rows) }
    }

    /// Lets every byte pass as it is until `restore`, which also comes before whatever ends this process but SIGKILL.
    /// One terminal at a time.
    package func makeRaw() throws(SystemError) {
        try check("make the terminal raw") { caisson_terminal_raw(descriptor.rawValue) }
    }

    /// As it was before `makeRaw`; nothing happens if it is not raw.
    package static func restore() { caisson_terminal_restore() }

    /// Calls `handler` when the window of the terminal this process was started from may have changed its size. For one
    /// watch at a time.
    package static func watchWindow(
        on loop: EventLoop, _ handler: @escaping @Sendable () -> Void
    ) throws(SystemError) -> EventWatch {
        let event = SharedDescriptor(OwnedDescriptor(adopting: try check("watch a window") { caisson_window_event() }))
        return try loop.watch(event) { _, _ in
            var changes: UInt64 = 0
            if read(event.rawValue, &changes, MemoryLayout.size(ofValue: changes)) > 0 { handler() }
        }
    }
}

extension SharedDescriptor {
    /// A duplicate of this process's standard input.
    package static func standardInput() throws(SystemError) -> SharedDescriptor {
        SharedDescriptor(
            OwnedDescriptor(adopting: try check("duplicate standard input") { fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) })
        )
    }
}
