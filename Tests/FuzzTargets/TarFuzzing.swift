import Archive

enum TarFuzzing {
    private static let limits = {
        var limits = TarLimits()
        limits.entries = 20_000
        limits.segments = 2_000
        return limits
    }()

    static func run(_ input: [UInt8]) throws(BrokenPromise) {
        let whole = read(input, chunk: max(1, input.count))
        // The bytes arrive as the network cuts them.
        let chunk = 1 + input.reduce(0) { ($0 &* 31 &+ Int($1)) & 0x3FF }
        let pieces = read(input, chunk: input.count > 1 << 16 ? max(chunk, 512) : chunk)
        switch (whole, pieces) {
        case (.success(let a), .success(let b)): try promise(a == b, "the entries depend on the chunks")
        case (.failure(let a), .failure(let b)): try promise(a == b, "the error depends on the chunks: \(a) or \(b)")
        default: throw BrokenPromise(description: "whether the archive is valid depends on the chunks")
        }
        if case .success(let entries) = whole { try check(entries, length: Int64(input.count)) }
        _ = TarReader.isArchive(startingWith: input)
    }

    private static func read(_ input: [UInt8], chunk: Int) -> Result<[TarEntry], ArchiveError> {
        var reader = TarReader(limits: limits)
        do throws(ArchiveError) {
            var position = 0
            while position < input.count {
                let end = min(position + chunk, input.count)
                try reader.feed(Array(input[position..<end]))
                position = end
            }
            try reader.finish()
            return .success(reader.entries)
        } catch {
            return .failure(error)
        }
    }

    private static func check(_ entries: [TarEntry], length: Int64) throws(BrokenPromise) {
        for entry in entries {
            let name = ArchiveText.quoted(entry.path.bytes)
            try promise(EntryPath(entry.path.bytes) == entry.path, "`\(name)` is not in its normal form")
            try promise(
                entry.path.bytes.count <= limits.path && entry.path.longestComponent <= limits.component,
                "`\(name)` is longer than its limit")
            try promise(entry.mode <= 0o7777, "the mode of `\(name)` holds type bits")
            let names = entry.attributes.map(\.name)
            try promise(
                zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) },
                "the attributes of `\(name)` are not in order")
            guard case .file(let size, let offset, let segments) = entry.kind else { continue }
            try promise(size >= 0 && offset >= 0, "`\(name)` has a negative size or place")
            guard let segments else {
                try promise(offset + size <= length, "the content of `\(name)` ends behind the archive")
                continue
            }
            var end: Int64 = 0
            for segment in segments {
                try promise(
                    segment.offset >= end && segment.length > 0 && segment.offset <= size - segment.length
                        && segment.storedAt >= 0 && segment.storedAt + segment.length <= length,
                    "the pieces of `\(name)` overlap or leave the file")
                end = segment.offset + segment.length
            }
        }
    }
}
