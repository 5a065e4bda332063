/// The pieces of a sparse file while its map is read.
///
/// Pieces are stored one right behind the other, as Python, libarchive and Go read them; GNU tar writes only pieces of
/// whole blocks (except the last), for which that is the same.
struct SparseMap {
    private(set) var segments: [TarEntry.Segment] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Pieces come in the order of their offsets; empty ones mark the end of the file and are dropped.
    mutating func append(offset: Int64, length: Int64) throws(ArchiveError) {
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard offset >= 0, length >= 0, !overflow, end >= 0,
            offset >= (segments.last.map { $0.offset + $0.length } ?? 0)
        else { throw ArchiveError(.corrupt, "the map of the sparse file is not in order") }
        if length == 0 { return }
        guard segments.count < limit else {
            throw ArchiveError(.limit, "the sparse file has more than \(limit) pieces")
        }
        segments.append(TarEntry.Segment(offset: offset, length: length, storedAt: 0))
    }

    mutating func append(pairs: [Int64]) throws(ArchiveError) {
        guard pairs.count.isMultiple(of: 2) else {
            throw ArchiveError(.corrupt, "the map of the sparse file has an odd count of numbers")
        }
        for index in stride(from: 0, to: pairs.count, by: 2) {
            try append(offset: pairs[index], length: pairs[index + 1])
        }
    }

    /// The content of a file of `size` bytes of which `storedSize` lie at `offset`.
    func content(size: Int64, storedSize: Int64, offset: Int64) throws(ArchiveError) -> TarEntry.Kind {
        var stored: Int64 = 0
        var placed = segments
        for index in placed.indices {
            placed[index].storedAt = offset + stored
            stored += placed[index].length
        }
        guard size >= (segments.last.map { $0.offset + $0.length } ?? 0), stored == storedSize else {
            throw ArchiveError(.corrupt, "the map of the sparse file does not match its size")
        }
        if stored == size { return .file(size: size, offset: offset, segments: nil) }
        return .file(size: size, offset: offset, segments: placed)
    }
}

/// The map that version 1.0 of GNU's format keeps in front of the content: a count and that many pairs of decimal
/// numbers, a line each, padded to a block.
struct SparseMapText {
    private(set) var numbers: [Int64] = []
    private var expected: Int?
    private var digits: [UInt8] = []
    private(set) var blocks: Int64 = 0

    var isComplete: Bool { expected == numbers.count }

    mutating func append(_ block: UnsafeRawBufferPointer, limit: Int) throws(ArchiveError) {
        blocks += 1
        for byte in block {
            if isComplete { break }
            if byte != UInt8(ascii: "\n") {
                digits.append(byte)
                guard digits.count <= 20 else {
                    throw ArchiveError(.corrupt, "the map of the sparse file is malformed")
                }
                continue
            }
            guard let number = Int64(decimal: digits) else {
                throw ArchiveError(.corrupt, "the map of the sparse file is malformed")
            }
            digits.removeAll(keepingCapacity: true)
            if expected == nil {
                guard number <= limit else {
                    throw ArchiveError(.limit, "the sparse file has more than \(limit) pieces")
                }
                expected = Int(number) * 2
            } else {
                numbers.append(number)
            }
        }
    }
}
