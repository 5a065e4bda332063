import Glibc
package import Linux
package import SystemPackage

/// An archive from outside, opened for reading any of its contents in any order: what ADD unpacks, what holds an image.
///
/// Compressed archives are decompressed once into a file without a name; nothing is unpacked.
package struct ForeignArchive: Sendable {
    /// In the order of the archive; offsets are in `content`.
    package let entries: [TarEntry]
    /// The archive, uncompressed.
    package let content: SharedDescriptor

    /// Opens the archive in `file`. Blocks as long as decompressing takes. `scratch` is a directory with room for it.
    package init(
        _ file: SharedDescriptor, scratch: FilePath, limits: TarLimits = TarLimits(), sizeLimit: Int64 = 64 << 30
    ) throws {
        let format = CompressionFormat(sniffing: try file.read(upTo: CompressionFormat.magicLength, at: 0))
        content = format == .none
            ? file : try ForeignArchive.decompress(file, format, into: scratch, sizeLimit: sizeLimit)
        entries = try TarReader.entries(of: content, limits: limits)
    }

    /// Whether `file` holds a tar archive, possibly compressed: whether its first block is a header. An empty archive is
    /// none, as is anything that cannot be read as far as that.
    package static func isArchive(_ file: SharedDescriptor) throws -> Bool {
        let decompressor = Decompressor()
        let head = UnsafeMutableRawBufferPointer.allocate(byteCount: Tar.blockSize, alignment: 8)
        defer { head.deallocate() }
        var offset: Int64 = 0
        var filled = 0
        while filled < head.count {
            let bytes = try file.read(upTo: 64 << 10, at: offset)
            offset += Int64(bytes.count)
            if bytes.isEmpty { decompressor.finish() } else { decompressor.push(bytes) }
            guard let count = try? decompressor.pull(into: UnsafeMutableRawBufferPointer(rebasing: head[filled...])),
                count > 0 || !bytes.isEmpty
            else { return false }
            filled += count
        }
        let fields = HeaderFields(block: UnsafeRawBufferPointer(head))
        return !fields.isZero && fields.hasValidChecksum
    }

    private static func decompress(
        _ file: SharedDescriptor, _ format: CompressionFormat, into scratch: FilePath, sizeLimit: Int64
    ) throws -> SharedDescriptor {
        let path = scratch.appending(".archive-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        let output = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        unlink(path.string)
        let decompressor = Decompressor(format: format, limit: sizeLimit)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        var isAtEnd = false
        while !isAtEnd {
            let bytes = try file.read(upTo: 1 << 20, at: offset)
            offset += Int64(bytes.count)
            isAtEnd = bytes.isEmpty
            if isAtEnd { decompressor.finish() } else { decompressor.push(bytes) }
            while true {
                let count = try decompressor.pull(into: buffer)
                if count == 0 { break }
                try output.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return SharedDescriptor(output)
    }
}
