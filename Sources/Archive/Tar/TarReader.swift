package import Linux

/// Reads the headers of a tar archive as its bytes arrive, in chunks of any size: every entry with the place of its
/// content in the archive. The content itself passes by.
///
/// ustar, pax with global headers, GNU long names, base-256 numbers and sparse files in all four forms; old archives
/// without magic. What readers do not agree about is refused, as is what no layer may hold: `..`, a hard link to
/// nothing, a 0:0 device. Leading slashes are dropped, as everywhere with containers.
package struct TarReader: ~Copyable {
    /// What has been read, in the order of the archive. Entries of one name all appear: the last one counts.
    package internal(set) var entries: [TarEntry] = []
    /// Bytes of the archive read.
    package private(set) var position: Int64 = 0

    let limits: TarLimits
    private let stopsAtEnd: Bool
    var expected = Expectation.header
    /// Bytes of content and padding to pass over before what is expected.
    var skipped: Int64 = 0
    /// The part of a block that has arrived, or what has arrived of an extended header.
    private var collected: [UInt8] = []
    private var headerCount = 0
    var global = ExtendedHeader()
    private var local: ExtendedHeader?
    private var longName: [UInt8]?
    private var longLink: [UInt8]?
    var sparseBytes: Int64 = 0
    /// Every name and whether it is a directory, as far as links had to be resolved.
    var names: [EntryPath: Bool] = [:]
    var namedEntries = 0

    enum Expectation {
        case header
        /// The content of an extra header.
        case extra(type: UInt8, size: Int)
        /// More of the map of a sparse file, for a header that has been read.
        case sparseBlock(Draft, SparseMap)
        case sparseText(Draft, SparseMapText)
        case secondZeroBlock
        /// The end was there: only zeros may follow.
        case nothing
    }

    /// An entry whose header is read but whose map is not.
    struct Draft {
        var entry: TarEntry
        var size: Int64
        var storedSize: Int64
    }

    /// With `stopsAtEnd` whatever follows the end is no part of the archive, as for tar(1), and is not counted as read.
    package init(limits: TarLimits = TarLimits(), stopsAtEnd: Bool = false) {
        self.limits = limits
        self.stopsAtEnd = stopsAtEnd
    }

    // MARK: Input

    package mutating func feed(_ bytes: [UInt8]) throws(ArchiveError) {
        var failure: ArchiveError?
        bytes.withUnsafeBytes { buffer in
            do throws(ArchiveError) { try feed(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var index = 0
        while index < bytes.count {
            let available = bytes.count - index
            if skipped > 0 {
                let step = Int(min(skipped, Int64(available)))
                skipped -= Int64(step)
                index += step
                position += Int64(step)
                continue
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
            switch expected {
            case .nothing:
                if stopsAtEnd { return }
                guard rest.allSatisfy({ $0 == 0 }) else {
                    throw ArchiveError(.corrupt, "the archive has data after its end")
                }
                position += Int64(available)
                return
            case .extra(let type, let size):
                let step = min(size - collected.count, available)
                collected.append(contentsOf: rest[..<step])
                index += step
                position += Int64(step)
                if collected.count == size { try endExtraHeader(type, size) }
            case .header, .sparseBlock, .sparseText, .secondZeroBlock:
                if collected.isEmpty, available >= Tar.blockSize {
                    index += Tar.blockSize
                    position += Int64(Tar.blockSize)
                    try read(UnsafeRawBufferPointer(rebasing: rest[..<Tar.blockSize]))
                    continue
                }
                let step = min(Tar.blockSize - collected.count, available)
                collected.append(contentsOf: rest[..<step])
                index += step
                position += Int64(step)
                if collected.count == Tar.blockSize {
                    let block = collected
                    collected.removeAll(keepingCapacity: true)
                    var failure: ArchiveError?
                    block.withUnsafeBytes { block in
                        do throws(ArchiveError) { try read(block) } catch { failure = error }
                    }
                    if let failure { throw failure }
                }
            }
        }
    }

    /// Whether the end of the archive was read.
    package var isAtEnd: Bool { if case .nothing = expected { true } else { false } }

    /// The archive must end here.
    package mutating func finish() throws(ArchiveError) {
        switch expected {
        case .nothing: return
        case .secondZeroBlock where collected.isEmpty: return
        case .header where collected.isEmpty && skipped == 0 && !hasExtraHeader: return
        default:
            let place =
                entries.last.map { entry in
                    ", after the header of `\(entry.path.isRoot ? "." : ArchiveText.quoted(entry.path.bytes))`"
                } ?? ""
            throw ArchiveError(.truncated, "the archive is truncated at \(position) bytes\(place)")
        }
    }

    /// The entries of an archive in a file, content not read.
    package static func entries(of file: SharedDescriptor, limits: TarLimits = TarLimits()) throws -> [TarEntry] {
        var reader = TarReader(limits: limits)
        let size = try file.size()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        // Content shorter than this is read rather than jumped over: a system call costs as much.
        let worthSkipping: Int64 = 16 << 10
        while reader.position < size {
            if reader.skipped >= worthSkipping {
                let step = min(reader.skipped, size - reader.position)
                reader.position += step
                reader.skipped -= step
                continue
            }
            let count = try file.read(into: buffer, at: reader.position)
            if count == 0 { break }
            try reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        try reader.finish()
        return reader.entries
    }

    private var hasExtraHeader: Bool { local != nil || longName != nil || longLink != nil }

    // MARK: Blocks

    private mutating func read(_ block: UnsafeRawBufferPointer) throws(ArchiveError) {
        switch expected {
        case .sparseBlock(let draft, let map):
            try naming(draft.entry.path.bytes) { reader throws(ArchiveError) in try reader.readSparse(block, draft, map)
            }
        case .sparseText(let draft, let text):
            try naming(draft.entry.path.bytes) { reader throws(ArchiveError) in
                try reader.readSparse(block, draft, text)
            }
        case .secondZeroBlock:
            guard HeaderFields(block: block).isZero else {
                throw ArchiveError(.corrupt, "the archive has a single zero block before \(position) bytes")
            }
            expected = .nothing
        default: try readHeader(HeaderFields(block: block))
        }
    }

    private mutating func readHeader(_ fields: HeaderFields) throws(ArchiveError) {
        if fields.isZero {
            guard !hasExtraHeader else { throw ArchiveError(.corrupt, "an extended header has no entry") }
            expected = .secondZeroBlock
            return
        }
        guard fields.hasValidChecksum else {
            throw ArchiveError(.corrupt, "no tar header at \(position - 512) bytes: its checksum does not match")
        }
        headerCount += 1
        guard headerCount <= 3 * limits.entries else {
            throw ArchiveError(.limit, "the archive has more than \(3 * limits.entries) headers")
        }
        switch fields.type {
        case Tar.TypeFlag.extendedHeader, Tar.TypeFlag.solarisExtendedHeader, Tar.TypeFlag.globalHeader,
            Tar.TypeFlag.gnuLongName, Tar.TypeFlag.gnuLongLink:
            try beginExtraHeader(fields)
        case Tar.TypeFlag.gnuVolume:
            guard let size = fields.number(Tar.Field.size), size >= 0, size < 1 << 20 else {
                throw ArchiveError(.corrupt, "the volume header at \(position - 512) bytes has a malformed size")
            }
            skipped = Tar.padded(size)
        default:
            let headers = (local, longName, longLink)
            (local, longName, longLink) = (nil, nil, nil)
            let rawName = headers.0?.sparse?.name ?? headers.0?.path ?? headers.1 ?? fields.name
            try naming(rawName) { reader throws(ArchiveError) in
                // Readers differ in which of the two counts.
                guard headers.0?.path == nil || headers.1 == nil, headers.0?.linkPath == nil || headers.2 == nil else {
                    throw ArchiveError(.unsupported, "has both an extended header and a long name")
                }
                try reader.readEntry(fields, rawName, headers.0 ?? ExtendedHeader(), longLink: headers.2)
            }
        }
    }

    /// Errors of `body` say which entry they are about.
    private mutating func naming(
        _ name: [UInt8], _ body: (inout TarReader) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        do throws(ArchiveError) {
            try body(&self)
        } catch {
            throw ArchiveError(error.code, "entry `\(ArchiveText.quoted(name))`: \(error.message)")
        }
    }

    // MARK: Extra headers

    private mutating func beginExtraHeader(_ fields: HeaderFields) throws(ArchiveError) {
        let isLong = fields.type == Tar.TypeFlag.gnuLongName || fields.type == Tar.TypeFlag.gnuLongLink
        let limit = isLong ? limits.path + 1 : limits.extendedHeader
        guard let size = fields.number(Tar.Field.size), size >= 0 else {
            throw ArchiveError(.corrupt, "the extended header at \(position - 512) bytes has a malformed size")
        }
        guard size <= limit else {
            throw ArchiveError(
                .limit,
                "the extended header at \(position - 512) bytes has \(size) bytes, more than the limit of \(limit)")
        }
        if size == 0 { return try endExtraHeader(fields.type, 0) }
        collected.reserveCapacity(Int(size))
        expected = .extra(type: fields.type, size: Int(size))
    }

    private mutating func endExtraHeader(_ type: UInt8, _ size: Int) throws(ArchiveError) {
        let content = collected
        collected.removeAll(keepingCapacity: size <= 4096)
        expected = .header
        skipped = Tar.padded(Int64(size)) - Int64(size)
        switch type {
        case Tar.TypeFlag.gnuLongName: longName = try name(content, after: longName)
        case Tar.TypeFlag.gnuLongLink: longLink = try name(content, after: longLink)
        case Tar.TypeFlag.globalHeader:
            let header = try ExtendedHeader(parsing: content, limits: limits)
            guard header.path == nil, header.linkPath == nil, header.size == nil, header.sparse == nil else {
                throw ArchiveError(.unsupported, "a global header sets what belongs to one entry")
            }
            global = header.merged(over: global)
        default:
            guard local == nil else { throw ArchiveError(.unsupported, "an entry has two extended headers") }
            local = try ExtendedHeader(parsing: content, limits: limits)
        }
    }

    /// GNU's long names end with a zero byte.
    private func name(_ content: [UInt8], after previous: [UInt8]?) throws(ArchiveError) -> [UInt8] {
        guard previous == nil else { throw ArchiveError(.unsupported, "an entry has two long names") }
        let text = Array(content.prefix { $0 != 0 })
        guard !text.isEmpty, content[text.count...].allSatisfy({ $0 == 0 }) else {
            throw ArchiveError(.corrupt, "a long name is empty or has a zero byte inside")
        }
        return text
    }
}
