extension TarReader {
    /// As many first bytes of a file as `isArchive` wants to see, if it has them: bzip2 gives nothing before the end of
    /// a block, which has up to 900 kB.
    package static let detectionLength = 1 << 20

    /// Whether a file that begins with `bytes` is a tar, compressed in any way or not: whether its first header is one.
    /// The name of a file says nothing.
    package static func isArchive(startingWith bytes: [UInt8]) -> Bool {
        let decompressor = Decompressor(limit: 1 << 30)
        decompressor.push(bytes)
        if bytes.count < detectionLength { decompressor.finish() }
        var header = [UInt8](repeating: 0, count: Tar.blockSize)
        var count = 0
        header.withUnsafeMutableBytes { buffer in
            while count < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                // What cannot be decompressed is no archive.
                guard let step = try? decompressor.pull(into: rest), step > 0 else { return }
                count += step
            }
        }
        guard count == Tar.blockSize, header.contains(where: { $0 != 0 }) else { return false }
        return header.withUnsafeBytes { HeaderFields(block: $0).hasValidChecksum }
    }
}
