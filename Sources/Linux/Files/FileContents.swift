package import SystemPackage

/// Whole small files.
package enum FileContents {
    /// The bytes of `path`; more than `limit` of them are an error (`EFBIG`).
    package static func read(_ path: FilePath, limit: Int) throws(SystemError) -> [UInt8] {
        try read(try OwnedDescriptor.open(path), named: path.string, limit: limit)
    }

    /// The rest of an open file or stream.
    package static func read(
        _ descriptor: borrowing OwnedDescriptor, named name: String, limit: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try descriptor.readNext(into: &chunk)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw SystemError("read", name, errno: .fileTooLarge) }
        }
    }
}
