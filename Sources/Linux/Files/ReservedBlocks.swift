internal import CLinux
import Glibc

/// Blocks of a file system that are set aside as those of a file nobody reads.
extension SharedDescriptor {
    /// Sets `size` bytes aside instead of what was; 0 gives all back. A file system that cannot do so sets nothing aside,
    /// which is no error.
    package func reserveBlocks(_ size: Int64) throws(SystemError) {
        let raw = rawValue
        try check("empty a file") { ftruncate(raw, 0) }
        if size > 0 { _ = caisson_allocate_blocks(raw, size) }
    }

    /// Gives part of what was set aside back.
    package func returnBlocks(at offset: Int64, count: Int64) { _ = caisson_return_blocks(rawValue, offset, count) }
}
