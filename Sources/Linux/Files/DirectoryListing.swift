internal import CLinux
import Glibc
import SystemPackage

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
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = try check("read the link", String(decoding: name, as: UTF8.self)) {
            target.withUnsafeMutableBytes { buffer in
                (name + [0]).withUnsafeBytes { bytes in
                    readlinkat(
                        directory, bytes.baseAddress!.assumingMemoryBound(to: CChar.self),
                        buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
                }
            }
        }
        return Array(target.prefix(count))
    }
}

extension OwnedDescriptor {
    /// Opens `name`, one component of raw bytes, in a directory; never through a symbolic link.
    package static func open(_ name: [UInt8], in directory: CInt, flags: CInt = O_RDONLY) throws(SystemError) -> OwnedDescriptor {
        let raw = try check("open", String(decoding: name, as: UTF8.self)) {
            (name + [0]).withUnsafeBytes { bytes in
                caisson_openat(
                    directory, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), flags | O_NOFOLLOW, 0)
            }
        }
        return OwnedDescriptor(adopting: raw)
    }
}
