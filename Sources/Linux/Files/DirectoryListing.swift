internal import CLinux
import Glibc
package import SystemPackage

/// Reads directories by descriptor, names as bytes.
package enum DirectoryListing {
    /// The names in an open directory without `.` and `..`, in no order. The descriptor's position moves.
    package static func names(in directory: CInt) throws(SystemError) -> [[UInt8]] {
        let copy = try check("open a directory") { openat(directory) }
        guard let stream = fdopendir(copy) else {
            let error = SystemError("read a directory")
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemError("read a directory") }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    Array(UnsafeBufferPointer(start: bytes, count: strnlen(field, 256)))
                }
            }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
        }
    }

    /// A descriptor with a position of its own.
    private static func openat(_ directory: CInt) -> CInt {
        (try? OwnedDescriptor.open(".", at: directory, flags: O_RDONLY | O_DIRECTORY))?.release() ?? -1
    }

    private static func strnlen<T>(_ pointer: UnsafePointer<T>, _ limit: Int) -> Int {
        Glibc.strnlen(UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self), limit)
    }

    /// The target of the symbolic link `name` in a directory.
    package static func linkTarget(of name: [UInt8], in directory: CInt) throws(SystemError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let text = name.zeroTerminated
        let count = try check("read the link", String(decoding: name, as: UTF8.self)) {
            readlinkat(directory, text, &target, target.count)
        }
        return target.prefix(count).map { UInt8(bitPattern: $0) }
    }
}

extension SharedDescriptor {
    /// Where the file is, as far as the kernel knows.
    package func path() throws(SystemError) -> FilePath {
        let path = try DirectoryListing.linkTarget(of: Array("/proc/self/fd/\(rawValue)".utf8), in: AT_FDCWD)
        return FilePath(String(decoding: path, as: UTF8.self))
    }
}

extension OwnedDescriptor {
    /// Opens `name`, one component of raw bytes, in a directory; never through a symbolic link.
    package static func open(_ name: [UInt8], in directory: CInt, flags: CInt = O_RDONLY) throws(SystemError)
        -> OwnedDescriptor
    {
        let text = name.zeroTerminated
        let raw = try check("open", String(decoding: name, as: UTF8.self)) {
            caisson_openat(directory, text, flags | O_NOFOLLOW, 0)
        }
        return OwnedDescriptor(adopting: raw)
    }
}

extension [UInt8] {
    /// As the C library takes names: raw bytes and a zero behind them.
    package var zeroTerminated: [CChar] {
        var text: [CChar] = []
        text.reserveCapacity(count + 1)
        for byte in self { text.append(CChar(bitPattern: byte)) }
        text.append(0)
        return text
    }
}
