internal import CLinux
import Glibc
package import SystemPackage

/// A file descriptor with one owner, closed when the owner goes. Always close-on-exec.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// For calls that borrow the descriptor; never closed by the borrower.
    package let rawValue: CInt

    /// Takes over `rawValue`, which nothing else may close.
    package init(adopting rawValue: CInt) { self.rawValue = rawValue }

    deinit { close(rawValue) }

    /// Gives the descriptor up without closing it.
    package consuming func release() -> CInt {
        let value = rawValue
        discard self
        return value
    }

    /// A second descriptor of the same open file.
    package borrowing func duplicate() throws(SystemError) -> OwnedDescriptor {
        let raw = rawValue
        return OwnedDescriptor(adopting: try check("duplicate a descriptor") { fcntl(raw, F_DUPFD_CLOEXEC, 3) })
    }

    /// Opens `path`, relative to `directory` if that is given; follows symbolic links unless `flags` say otherwise.
    package static func open(
        _ path: FilePath, at directory: CInt = AT_FDCWD, flags: CInt = O_RDONLY, mode: UInt32 = 0o644
    ) throws(SystemError) -> OwnedDescriptor {
        let raw = try check("open", path.string) {
            path.withPlatformString { caisson_openat(directory, $0, flags, mode) }
        }
        return OwnedDescriptor(adopting: raw)
    }

    /// Opens `path` below `directory`; `resolve` bounds the walk (`RESOLVE_IN_ROOT`, `RESOLVE_BENEATH`, …).
    package static func open(
        _ path: FilePath, below directory: CInt, resolve: Resolution, flags: CInt = O_RDONLY, mode: UInt32 = 0
    ) throws(SystemError) -> OwnedDescriptor {
        let raw = try check("open", path.string) {
            path.withPlatformString { caisson_openat2(directory, $0, flags, mode, resolve.rawValue) }
        }
        return OwnedDescriptor(adopting: raw)
    }

    /// How a walk below a directory treats what leads out of it (openat2(2)).
    package struct Resolution: OptionSet, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        package static let noMagicLinks = Resolution(rawValue: 0x02)
        package static let noSymbolicLinks = Resolution(rawValue: 0x04)
        package static let beneath = Resolution(rawValue: 0x08)
        package static let inRoot = Resolution(rawValue: 0x10)
    }
}

/// A descriptor that several owners share; closed with the last of them.
package final class SharedDescriptor: Sendable {
    private let descriptor: OwnedDescriptor

    package init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    package var rawValue: CInt { descriptor.rawValue }
}
