package import Archive
package import Linux
package import OCI

/// Writes one canonical layer (layer contract 1), entry by entry, in one sequential pass.
///
/// Entries come in bytewise order of their paths, a directory before what it holds, and every ancestor of an entry comes
/// itself. What the contract fixes, the writer fixes: times are cut to whole seconds and to the epoch, attributes that
/// do not belong in a layer are dropped, sparse files become dense.
package struct LayerWriter: ~Copyable {
    private let epoch: Int64
    private let output: BufferedOutput
    private var header: [UInt8] = []
    private var last: EntryPath?
    private var directories: Set<EntryPath> = [.root]
    private var lastParent = EntryPath.root
    private(set) var entries: [TarEntry] = []

    init(epoch: Int64, file: PendingFile) {
        self.epoch = max(0, epoch)
        output = BufferedOutput(file)
    }

    /// Where the content of a file comes from; as many bytes as the entry says.
    package enum Content: Sendable {
        case bytes([UInt8])
        /// The bytes of `file` from `offset` on. A file that turns out shorter is an error, and so is one whose bytes
        /// do not have the digest that is expected, if one is.
        case file(SharedDescriptor, offset: Int64 = 0, expecting: Digest? = nil)
        /// An entry's own content in the archive it was read from: `kind` says where.
        case archive(SharedDescriptor)
    }

    /// Adds an entry. Of a file's `kind` only the size counts, unless `content` is an archive.
    package mutating func append(_ entry: TarEntry, _ content: Content = .bytes([])) throws {
        guard !entry.path.name.starts(with: ".wh.".utf8) else {
            throw StorageError(.invalidLayer, "`\(entry.path)` cannot be stored: in a layer, `.wh.` means a deletion")
        }
        if case .characterDevice(0, 0) = entry.kind {
            throw StorageError(.invalidLayer, "`\(entry.path)` cannot be stored: a 0:0 device means a deletion")
        }
        var canonical = entry
        canonical.modified = clamped(entry.modified)
        canonical.attributes = entry.attributes.filter { LayerWriter.keeps($0.name) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        try add(canonical, content)
    }

    /// Records that `path` is gone. It is sorted under the name `.wh.NAME`.
    package mutating func appendWhiteout(of path: EntryPath) throws {
        guard let parent = path.parent else {
            throw StorageError(.invalidLayer, "the root directory cannot be deleted in a layer")
        }
        try add(
            TarEntry(
                path: parent.appending(Array(".wh.".utf8) + path.name), kind: .file(size: 0, offset: 0, segments: nil),
                mode: 0, modified: Timestamp(seconds: epoch)),
            .bytes([]))
    }

    private mutating func add(_ entry: TarEntry, _ content: Content) throws {
        try checkOrder(of: entry)
        header.removeAll(keepingCapacity: true)
        try TarHeader.append(entry, to: &header)
        try header.withUnsafeBytes { try output.write($0) }
        guard case .file(let size, let offset, let segments) = entry.kind else {
            entries.append(entry)
            return
        }
        var stored = entry
        stored.kind = .file(size: size, offset: output.size, segments: nil)
        try write(content, size: size, offset: offset, segments: segments, of: entry.path)
        try output.writeZeros(Tar.padded(size) - size)
        entries.append(stored)
    }

    private mutating func checkOrder(of entry: TarEntry) throws {
        if let last, entry.path <= last {
            throw StorageError(.invalidLayer, "layer entry `\(entry.path)` comes after `\(last)`, against their order")
        }
        last = entry.path
        guard let parent = entry.path.parent else {
            guard entry.isDirectory else { throw StorageError(.invalidLayer, "the root of a layer is no directory") }
            return
        }
        if parent != lastParent {
            guard directories.contains(parent) else {
                throw StorageError(.invalidLayer, "layer entry `\(entry.path)` has no entry for its directory")
            }
            lastParent = parent
        }
        if entry.isDirectory { directories.insert(entry.path) }
    }

    private func write(
        _ content: Content, size: Int64, offset: Int64, segments: [TarEntry.Segment]?, of path: EntryPath
    ) throws {
        switch content {
        case .bytes(let bytes):
            guard Int64(bytes.count) == size else {
                throw StorageError(.invalidLayer, "`\(path)` has \(bytes.count) bytes, its entry says \(size)")
            }
            try bytes.withUnsafeBytes { try output.write($0) }
        case .file(let file, let offset, let digest):
            let found = try output.copy(from: file, at: offset, count: size, of: path, isHashed: digest != nil)
            if let digest, found != digest {
                throw StorageError(.contentMismatch, "`\(path)` has other bytes than when its digest was taken")
            }
        case .archive(let file):
            var done: Int64 = 0
            for segment in segments ?? [TarEntry.Segment(offset: 0, length: size, storedAt: offset)] {
                try output.writeZeros(segment.offset - done)
                try output.copy(from: file, at: segment.storedAt, count: segment.length, of: path)
                done = segment.offset + segment.length
            }
            try output.writeZeros(size - done)
        }
    }

    /// Ends the archive; everything is in the file afterwards.
    mutating func finish() throws {
        try TarHeader.end.withUnsafeBytes { try output.write($0) }
        try output.flush()
    }

    private func clamped(_ time: Timestamp) -> Timestamp {
        Timestamp(seconds: time.seconds < 0 ? epoch : min(time.seconds, epoch))
    }

    /// Whether the attribute of this name belongs in a layer (rule 7).
    static func keeps(_ attribute: some Collection<UInt8>) -> Bool {
        attribute.elementsEqual("security.capability".utf8)
            || attribute.starts(with: "user.".utf8) && !attribute.starts(with: "user.overlay.".utf8)
    }
}

/// Collects small writes into large ones on their way to a file.
private final class BufferedOutput {
    private let file: PendingFile
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    private var used = 0
    private var hasher = SHA256Hasher()

    init(_ file: PendingFile) { self.file = file }

    deinit { buffer.deallocate() }

    /// Bytes written, in the file or on their way.
    var size: Int64 { file.size + Int64(used) }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count > buffer.count - used { try flush() }
        if bytes.count >= buffer.count { return try file.write(bytes) }
        UnsafeMutableRawBufferPointer(rebasing: buffer[used...]).copyMemory(from: bytes)
        used += bytes.count
    }

    func writeZeros(_ count: Int64) throws {
        var rest = count
        while rest > 0 {
            if used == buffer.count { try flush() }
            let step = Int(min(rest, Int64(buffer.count - used)))
            UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + step]).initializeMemory(
                as: UInt8.self, repeating: 0)
            used += step
            rest -= Int64(step)
        }
    }

    /// Returns the digest of the bytes if `isHashed`.
    @discardableResult
    func copy(
        from source: SharedDescriptor, at offset: Int64, count: Int64, of path: EntryPath, isHashed: Bool = false
    ) throws -> Digest? {
        var done: Int64 = 0
        while done < count {
            if used == buffer.count { try flush() }
            let step = Int(min(count - done, Int64(buffer.count - used)))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + step])
            let got = try source.read(into: part, at: offset + done)
            guard got == step else {
                throw StorageError(
                    .contentMismatch,
                    "`\(path)` became shorter while it was read: \(done + Int64(got)) of \(count) bytes")
            }
            if isHashed { hasher.update(UnsafeRawBufferPointer(part)) }
            used += got
            done += Int64(got)
        }
        return isHashed ? hasher.finish() : nil
    }

    func flush() throws {
        try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<used]))
        used = 0
    }
}
