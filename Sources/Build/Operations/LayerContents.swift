import Archive
import Linux
import OCI
import Storage

/// The bytes behind the trees that operations work on, wherever they lie: in layers, in a context, in memory.
struct LayerContents: Sendable {
    let store: Store
    /// What `.context` contents belong to; nil where there can be none.
    let context: (any BuildContext)?

    /// Large enough to be one read for most files.
    private static let chunk: Int64 = 1 << 20

    /// All bytes of a content, for small ones.
    func bytes(of content: FileContent) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(content) { bytes += $0 }
        return bytes
    }

    /// The bytes in order, in chunks.
    func read(_ content: FileContent, _ receive: ([UInt8]) throws -> Void) throws {
        switch content.source {
        case .bytes(let bytes): try receive(bytes)
        case .layer(let layer, let offset, nil):
            try read(try store.layers.openTar(of: layer), offset..<offset + content.size, receive)
        case .layer(let layer, _, let segments?):
            try read(segments, of: try store.layers.openTar(of: layer), size: content.size, receive)
        case .context(let id):
            switch try contextContent(id) {
            case .bytes(let bytes): try receive(bytes)
            case .file(let file, let status, _):
                try read(file, 0..<content.size, receive)
                try ContextChange.check(file, is: status, path: "a file of the context")
            }
        }
    }

    func contextContent(_ id: Int) throws -> ContextContent {
        guard let context else { preconditionFailure("a context's content without its context") }
        return try context.open(id)
    }

    private func read(_ file: SharedDescriptor, _ range: Range<Int64>, _ receive: ([UInt8]) throws -> Void) throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let chunk = try file.read(count: Int(min(Self.chunk, range.upperBound - offset)), at: offset)
            guard !chunk.isEmpty else { throw BuildError.infrastructure("a file became shorter while it was read") }
            try receive(chunk)
            offset += Int64(chunk.count)
        }
    }

    /// A sparse file with its holes as zeros.
    private func read(
        _ segments: [TarEntry.Segment], of file: SharedDescriptor, size: Int64, _ receive: ([UInt8]) throws -> Void
    ) throws {
        var position: Int64 = 0
        func fill(to end: Int64) throws {
            while position < end {
                let count = min(Self.chunk, end - position)
                try receive([UInt8](repeating: 0, count: Int(count)))
                position += count
            }
        }
        for segment in segments {
            try fill(to: segment.offset)
            try read(file, segment.storedAt..<segment.storedAt + segment.length, receive)
            position += segment.length
        }
        try fill(to: size)
    }

    /// The digests of contents, in their order.
    func digests(of contents: [FileContent]) async throws -> [Digest] {
        var ids: [Int] = []
        for content in contents { if case .context(let id) = content.source { ids.append(id) } }
        var known: [Int: Digest] = [:]
        if !ids.isEmpty, let context {
            known = Dictionary(zip(ids, try await context.digests(of: ids))) { first, _ in first }
        }
        if known.count == contents.count {
            return contents.compactMap { content in
                if case .context(let id) = content.source { known[id] } else { nil }
            }
        }
        let digests = known
        return try await BlockingThread(label: "digests").run {
            try contents.map { content in
                if case .context(let id) = content.source, let digest = digests[id] { return digest }
                var hasher = SHA256Hasher()
                try read(content) { hasher.update($0) }
                return hasher.finish()
            }
        }
    }

    // MARK: Writing

    /// The canonical layer of what was placed.
    func write(_ placement: CopyPlacement) throws -> DiffID {
        var tars: [DiffID: SharedDescriptor] = [:]
        let layer = try store.layers.write(epoch: placement.newest.seconds) { writer in
            for entry in placement.entries {
                switch entry {
                case .whiteout(let path): try writer.appendWhiteout(of: path)
                case .hardLink(let path, let target, let node):
                    try writer.append(TarEntry(path: path, kind: .hardLink(target), node))
                case .file(let path, let node):
                    guard case .file(let content) = node.kind else {
                        try writer.append(TarEntry(path: path, kind: node.kind.tarKind, node))
                        continue
                    }
                    let entry = TarEntry(path: path, kind: node.kind.tarKind, node)
                    if case .context(let id) = content.source,
                        case .file(let file, let status, let digest) = try contextContent(id)
                    {
                        do { try writer.append(entry, .file(file, expecting: digest)) } catch {
                            try ContextChange.check(file, is: status, path: path.description)
                            guard status != nil, (error as? StorageError)?.code == .contentMismatch else { throw error }
                            throw ContextChange.error(path.description)
                        }
                        try ContextChange.check(file, is: status, path: path.description)
                    } else {
                        try writer.append(entry, try self.source(of: content, tars: &tars))
                    }
                }
            }
        }
        return layer.diffID
    }

    func writeOnThread(_ placement: CopyPlacement) async throws -> DiffID {
        try await BlockingThread(label: "copy").run { try write(placement) }
    }

    private func source(of content: FileContent, tars: inout [DiffID: SharedDescriptor]) throws -> LayerWriter.Content {
        switch content.source {
        case .bytes(let bytes): return .bytes(bytes)
        case .layer(let layer, _, _):
            let tar = try tars[layer] ?? store.layers.openTar(of: layer)
            tars[layer] = tar
            return .archive(tar)
        case .context(let id):
            switch try contextContent(id) {
            case .bytes(let bytes): return .bytes(bytes)
            case .file(let file, _, let digest): return .file(file, expecting: digest)
            }
        }
    }
}

extension TarEntry {
    init(path: EntryPath, kind: Kind, _ node: FileTree.Node) {
        self.init(
            path: path, kind: kind, mode: node.mode, uid: node.uid, gid: node.gid, modified: node.modified,
            attributes: node.attributes)
    }
}

extension FileTree.Kind {
    /// As an archive has it; the content of a file stays where it is.
    var tarKind: TarEntry.Kind {
        switch self {
        case .file(let content):
            if case .layer(_, let offset, let segments) = content.source {
                .file(size: content.size, offset: offset, segments: segments)
            } else {
                .file(size: content.size, offset: 0, segments: nil)
            }
        case .directory: .directory
        case .symbolicLink(let target): .symbolicLink(target)
        case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
        case .fifo: .fifo
        }
    }
}
