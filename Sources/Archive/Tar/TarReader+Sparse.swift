extension TarReader {
    mutating func beginSparse(
        _ fields: HeaderFields, _ sparse: ExtendedHeader.Sparse?, _ draft: Draft
    ) throws(ArchiveError) {
        var draft = draft
        var map = SparseMap(limit: limits.segments)
        if let sparse {
            guard let size = sparse.size else { throw ArchiveError(.corrupt, "is sparse but has no size") }
            draft.size = size
            switch (sparse.major, sparse.minor) {
            case (1, 0):
                (expected, skipped) = (.sparseText(draft, SparseMapText()), 0)
            case (0, _):
                try map.append(pairs: sparse.map)
                try endSparse(draft, map)
            default:
                throw ArchiveError(.unsupported, "is sparse in the unknown format \(sparse.major).\(sparse.minor)")
            }
            return
        }
        guard let size = fields.number(483..<495), size >= 0 else {
            throw ArchiveError(.corrupt, "its sparse size is no number")
        }
        draft.size = size
        try readPieces(fields, at: 386, count: 4, into: &map)
        if fields.block[482] == 0 { return try endSparse(draft, map) }
        (expected, skipped) = (.sparseBlock(draft, map), 0)
    }

    /// Offset and length in twelve digits each; an empty one ends the list.
    private func readPieces(
        _ fields: HeaderFields, at start: Int, count: Int, into map: inout SparseMap
    ) throws(ArchiveError) {
        for index in 0..<count {
            let at = start + 24 * index
            if fields.block[at] == 0 { break }
            guard let offset = fields.number(at..<at + 12), let length = fields.number(at + 12..<at + 24) else {
                throw ArchiveError(.corrupt, "the map of the sparse file is malformed")
            }
            try map.append(offset: offset, length: length)
        }
    }

    mutating func readSparse(
        _ block: UnsafeRawBufferPointer, _ draft: Draft, _ map: SparseMap
    ) throws(ArchiveError) {
        var map = map
        expected = .header
        try readPieces(HeaderFields(block: block), at: 0, count: 21, into: &map)
        if block[504] == 0 { try endSparse(draft, map) } else { expected = .sparseBlock(draft, map) }
    }

    mutating func readSparse(
        _ block: UnsafeRawBufferPointer, _ draft: Draft, _ text: SparseMapText
    ) throws(ArchiveError) {
        var text = text
        var draft = draft
        expected = .header
        try text.append(block, limit: limits.segments)
        guard text.isComplete else {
            expected = .sparseText(draft, text)
            return
        }
        draft.storedSize -= text.blocks * Int64(Tar.blockSize)
        guard draft.storedSize >= 0 else {
            throw ArchiveError(.corrupt, "the map of the sparse file is larger than the file")
        }
        var map = SparseMap(limit: limits.segments)
        try map.append(pairs: text.numbers)
        try endSparse(draft, map)
    }

    mutating func endSparse(_ draft: Draft, _ map: SparseMap) throws(ArchiveError) {
        var entry = draft.entry
        sparseBytes += min(draft.size, limits.sparseBytes + 1)
        guard draft.size >= 0, sparseBytes <= limits.sparseBytes else {
            throw ArchiveError(
                .limit, "with its \(draft.size) bytes, sparse files expand to more than \(limits.sparseBytes) bytes")
        }
        entry.kind = try map.content(size: draft.size, storedSize: draft.storedSize, offset: position)
        entries.append(entry)
        expected = .header
        skipped = Tar.padded(draft.storedSize)
    }
}
