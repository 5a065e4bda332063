internal import Archive
internal import Glibc
internal import Linux
internal import OCI
internal import SystemPackage

/// Layers as directories of the store, one for each, with overlayfs's marks in them: for hosts that do not mount
/// layers from files.
///
///     unpacked/<diffid>/root    what the layer holds, ids as in the layer
///     unpacked/<diffid>/marks   the size of its tar, and what a stack must know of it
struct UnpackedLayers: LayerSource {
    let store: Store

    var name: String { "directories" }

    private var directory: FilePath { store.root.appending("unpacked") }

    func layer(_ id: DiffID, chain: (id: ChainID, below: any LowerTree)?) throws -> LayerDirectory {
        let key = chain.map { LayerKey.chain($0.id) } ?? .layer(id)
        let path = directory.appending(key.fileName)
        let tar = try store.layers.openTar(of: id)
        let size = try tar.size()
        var unpacked = try marks(in: path)
        if unpacked == nil {
            try unpack(id, tar, size, below: chain?.below, to: path)
            unpacked = try marks(in: path)
        }
        guard let unpacked else { throw StorageError(.damaged, "`\(path)` is not the layer that was unpacked there") }
        guard unpacked.tarSize == size else {
            throw StorageError(
                .damaged, "layer `\(id)` is damaged: its tar has \(size) bytes and once had \(unpacked.tarSize)")
        }
        let root = try OwnedDescriptor.open(path.appending("root"), flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        // A mount of its own: overlayfs takes it wherever the store lies, and ids can be mapped on it.
        return LayerDirectory(
            root: SharedDescriptor(try DetachedMount.clone(of: root.rawValue).release()), marks: unpacked.marks)
    }

    /// A collection takes the directory away from its name before it empties it.
    func isCurrent(_ key: LayerKey) -> Bool {
        access(directory.appending(key.fileName).appending("marks").string, F_OK) == 0
    }

    private func unpack(
        _ id: DiffID, _ tar: SharedDescriptor, _ size: Int64, below: (any LowerTree)?, to path: FilePath
    ) throws {
        try StoreDirectory.create(directory, mode: 0o700)
        try sweep()
        let pending = directory.appending(try store.session.temporaryName())
        do {
            try store.session.quota.value?.take(size)
            var tree = LayerTree(entries: try store.layers.entries(of: id), tarSize: size, below: below)
            try tree.addEntries()
            try StoreDirectory.create(pending, mode: 0o700)
            try StoreDirectory.create(pending.appending("root"))
            let root = SharedDescriptor(
                try OwnedDescriptor.open(pending.appending("root"), flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            var unpacking = TreeUnpacking(tree, tar: tar, below: root)
            try unpacking.unpack()
            let marks = try OwnedDescriptor.open(pending.appending("marks"), flags: O_WRONLY | O_CREAT | O_EXCL)
            try marks.write(Array(Self.line(size, tree.marks, boot: try Self.currentBoot()).utf8))
            try publish(pending, as: path)
        } catch {
            try? FileRemoval.removeAll(pending)
            throw StorageError.writing("the unpacked layer `\(id)`", in: store.root, error)
        }
    }

    /// Another process may have unpacked the same meanwhile: one of the two stays.
    private func publish(_ pending: FilePath, as path: FilePath) throws {
        if rename(pending.string, path.string) == 0 { return }
        guard errno == EEXIST || errno == ENOTEMPTY else {
            throw SystemError("rename an unpacked layer to", path.string)
        }
        if try marks(in: path) == nil {
            try FileRemoval.removeAll(path)
            try check("rename an unpacked layer to", path.string) { rename(pending.string, path.string) }
        } else {
            try FileRemoval.removeAll(pending)
        }
    }

    /// nil if the layer is not there, or perhaps not as it was left.
    private func marks(in path: FilePath) throws -> (tarSize: Int64, marks: LayerMarks)? {
        let path = path.appending("marks")
        guard let length = try StoreDirectory.size(of: path), length < 100,
            let bytes = try StoreDirectory.read(path, limit: 100)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 4, let size = Int64(fields[0]), let marks = LayerMarks(letters: fields[1]),
            text == Self.line(size, marks, boot: String(fields[2]))
        else { return nil }
        if try fields[2] != Self.currentBoot(), !isFlushed(path) { return nil }
        return (size, marks)
    }

    /// Whether the store was flushed after the file was written. What was unpacked later may be torn once the machine
    /// has started anew.
    private func isFlushed(_ path: FilePath) -> Bool {
        var (file, flush) = (stat(), stat())
        return stat(path.string, &file) == 0 && stat(store.root.appending("synchronized").string, &flush) == 0
            && file.st_mtim.tv_sec < flush.st_mtim.tv_sec
    }

    private static func currentBoot() throws -> String { String(try Session.bootID().prefix(8)) }

    /// Ends with a digest of itself: a flipped bit must not pass for another size.
    private static func line(_ tarSize: Int64, _ marks: LayerMarks, boot: String) -> String {
        let text = "\(tarSize) \(marks.letters) \(boot) "
        return text + Digest.of(Array(text.utf8)).short + "\n"
    }

    /// Removes what processes that died were unpacking.
    private func sweep() throws {
        let alive = try Session.sweep(store.root.appending("leases")).alive
        for name in try StoreDirectory.names(in: directory) where name.hasPrefix(".") {
            let owner = name.dropFirst().prefix { $0 != "." }
            if !alive.contains(String(owner)) { try FileRemoval.removeAll(directory.appending(name)) }
        }
    }
}

extension LayerMarks {
    fileprivate var letters: String {
        (impliesDirectories ? "p" : "") + (hidesLowerLayers ? "o" : "") + (describesRoot ? "r" : "")
    }

    fileprivate init?(letters: Substring) {
        guard letters.allSatisfy({ "por".contains($0) }) else { return nil }
        self.init(
            impliesDirectories: letters.contains("p"), hidesLowerLayers: letters.contains("o"),
            describesRoot: letters.contains("r"))
    }
}
