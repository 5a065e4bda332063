internal import Archive

/// A sparse file as a table of equally long chunks, each somewhere in the tar or a hole.
struct SparseMap {
    /// What one layer may spend on such tables: a few bytes of header can claim petabytes.
    static let maximumTableBytes = 64 << 20
    private static let maximumChunkBits = 40

    let segments: [TarEntry.Segment]
    let size: Int64
    /// The binary logarithm of a chunk's length.
    let chunkBits: Int

    init(_ segments: [TarEntry.Segment], size: Int64) {
        self.segments = segments.filter { $0.length > 0 }
        self.size = size
        var bits = Self.maximumChunkBits
        for segment in self.segments {
            let end = segment.offset + segment.length
            let bounds = segment.offset | (end < size ? end : 0)
            if bounds != 0 { bits = min(bits, bounds.trailingZeroBitCount) }
        }
        // No longer than the file needs: one chunk.
        let needed = Int64.bitWidth - max(size - 1, 1).leadingZeroBitCount
        chunkBits = max(Erofs.blockBits, min(bits, needed))
    }

    var chunkCount: Int { Int((size + (1 << Int64(chunkBits)) - 1) >> Int64(chunkBits)) }

    /// The block of the tar at which each chunk starts; nil for holes.
    func forEachChunk(_ body: (_ chunk: Int, _ block: UInt32) -> Void) {
        for segment in segments {
            var chunk = Int(segment.offset >> Int64(chunkBits))
            var position = segment.storedAt
            let end = segment.storedAt + segment.length
            while position < end {
                body(chunk, UInt32(position >> Int64(Erofs.blockBits)))
                chunk += 1
                position += 1 << Int64(chunkBits)
            }
        }
    }

    /// Refuses maps whose pieces do not start and end on blocks: programs that unpack such archives disagree about
    /// what they mean, and no block could be both data and hole.
    static func check(
        _ segments: [TarEntry.Segment], size: Int64, tarSize: Int64, _ entry: TarEntry
    ) throws(StorageError) {
        let block = Int64(Erofs.blockSize)
        var previousEnd: Int64 = 0
        guard size >= 0 else { throw refusal(of: entry, "a negative size") }
        for segment in segments {
            guard segment.length >= 0, segment.offset >= previousEnd, segment.offset <= size,
                segment.length <= size - segment.offset
            else { throw refusal(of: entry, "the pieces of a sparse file overlap or exceed it") }
            if segment.length == 0 { continue }
            let end = segment.offset + segment.length
            guard segment.storedAt >= 0, segment.storedAt <= tarSize, segment.length <= tarSize - segment.storedAt
            else {
                throw refusal(of: entry, "its content does not lie within the archive")
            }
            guard segment.offset % block == 0, segment.storedAt % block == 0, end == size || end % block == 0 else {
                throw refusal(of: entry, "the pieces of a sparse file do not lie on blocks of 512 bytes")
            }
            previousEnd = end
        }
    }
}
