internal import CLinux
import Glibc
import SystemPackage

/// Makes files in a directory by one name of raw bytes; one that exists is an error.
package enum FileCreation {
    package enum Node: Hashable, Sendable {
        case directory
        case symbolicLink([UInt8])
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    package static func make(
        _ node: Node, named name: [UInt8], in directory: CInt, mode: UInt16 = 0o700
    ) throws(SystemError) {
        try check("create", String(decoding: name, as: UTF8.self)) {
            name.withTerminator { name in
                switch node {
                case .directory: mkdirat(directory, name, mode_t(mode))
                case .symbolicLink(let target): target.withTerminator { symlinkat($0, directory, name) }
                case .characterDevice(let major, let minor):
                    caisson_make_node(directory, name, S_IFCHR | mode_t(mode), major, minor)
                case .blockDevice(let major, let minor):
                    caisson_make_node(directory, name, S_IFBLK | mode_t(mode), major, minor)
                case .fifo: caisson_make_node(directory, name, S_IFIFO | mode_t(mode), 0, 0)
                }
            }
        }
    }

    /// An empty file for reading and writing.
    package static func makeFile(
        named name: [UInt8], in directory: CInt, mode: UInt16 = 0o600
    ) throws(SystemError) -> OwnedDescriptor {
        let raw = try check("create", String(decoding: name, as: UTF8.self)) {
            name.withTerminator {
                caisson_openat(directory, $0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode_t(mode))
            }
        }
        return OwnedDescriptor(adopting: raw)
    }

    /// Copies `count` bytes between files in the kernel; a source that ends sooner is `EIO`.
    package static func copy(
        from source: CInt, at sourceOffset: Int64, to target: CInt, at targetOffset: Int64, count: Int64
    ) throws(SystemError) {
        var done: Int64 = 0
        while done < count {
            let step = try check("copy a file") {
                caisson_copy_range(source, sourceOffset + done, target, targetOffset + done, Int(count - done))
            }
            guard step > 0 else { throw SystemError("copy a file", errno: .ioError) }
            done += Int64(step)
        }
    }
}

extension [UInt8] {
    fileprivate func withTerminator<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        body(map { CChar(bitPattern: $0) } + [0])
    }
}
