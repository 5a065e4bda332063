import Archive
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// Programs that are not ours read our layers, and we read theirs: the same tree.
@Suite struct LayersInteropTests {
    /// Lists an archive by Python's reader, a line for each member.
    private static let listing = """
        import hashlib, sys, tarfile
        def name(text): return text.encode('utf-8', 'surrogateescape').hex()
        with tarfile.open(sys.argv[1], errorlevel=2) as tar:
            for m in tar:
                content = hashlib.sha256(tar.extractfile(m).read()).hexdigest() if m.isreg() else ''
                # Python reads values as UTF-8 where it can.
                attributes = sorted(k[13:] for k in m.pax_headers if k.startswith('SCHILY.xattr.'))
                device = (m.devmajor, m.devminor) if m.isdev() and not m.isfifo() else (0, 0)
                kind = {b'0': 'file', b'\\0': 'file', b'5': 'directory', b'2': 'link', b'1': 'hard', b'3': 'character',
                        b'4': 'block', b'6': 'fifo', b'S': 'file'}[m.type]
                link = '' if m.type not in (b'1', b'2') else name(m.linkname)
                if m.type == b'1': link = name(m.linkname.removeprefix('./'))
                own = name(m.name.removeprefix('./').rstrip('/')) if m.name != '.' else ''
                time = int(m.mtime // 1)
                print(own, kind, m.mode & 0o7777, m.uid, m.gid, time, m.size if kind == 'file' else 0, link, *device,
                      content, *attributes)
        """

    private func theirs(_ path: FilePath) throws -> [String] {
        String(decoding: try run(["python3", "-c", Self.listing, path.string]), as: UTF8.self)
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    private func ours(_ store: Store, _ layer: DiffID) throws -> [String] {
        let tar = Array(try Data(contentsOf: URL(fileURLWithPath: store.layers.tarPath(of: layer).string)))
        return try store.layers.entries(of: layer).map { entry in
            var (kind, size, link, device, content) = ("", Int64(0), "", (UInt32(0), UInt32(0)), "")
            switch entry.kind {
            case .file(let length, let offset, let segments):
                var bytes = [UInt8](repeating: 0, count: Int(length))
                for part in segments ?? [TarEntry.Segment(offset: 0, length: length, storedAt: offset)] {
                    bytes.replaceSubrange(
                        Int(part.offset)..<Int(part.offset + part.length),
                        with: tar[Int(part.storedAt)..<Int(part.storedAt + part.length)])
                }
                (kind, size, content) = ("file", length, Digest.of(bytes).hex)
            case .directory: kind = "directory"
            case .symbolicLink(let target): (kind, link) = ("link", hex(target))
            case .hardLink(let target): (kind, link) = ("hard", hex(target.bytes))
            case .characterDevice(let major, let minor): (kind, device) = ("character", (major, minor))
            case .blockDevice(let major, let minor): (kind, device) = ("block", (major, minor))
            case .fifo: kind = "fifo"
            }
            let attributes = entry.attributes.map { " " + String(decoding: $0.name, as: UTF8.self) }.joined()
            return
                "\(hex(entry.path.bytes)) \(kind) \(entry.mode) \(entry.uid) \(entry.gid) \(entry.modified.seconds) "
                .appending("\(size) \(link) \(device.0) \(device.1) \(content)\(attributes)")
                .trimmingCharacters(in: .whitespaces)
        }
    }

    private func makeTree(in directory: FilePath) throws {
        let script = """
            set -e
            umask 022
            mkdir -p a/b/c empty 'with space'
            printf hello > a/hello; chmod 4755 a/hello
            ln a/hello a/b/hard
            ln -s ../hello a/b/soft
            ln -s "$(printf 'x%.0s' $(seq 3000))" a/long-link
            for n in 0 1 511 512 513 4096 70000; do head -c $n /dev/zero | tr '\\0' n > "a/b/size-$n"; done
            deep=$(printf 'directory-of-some-length/%.0s' $(seq 12)); mkdir -p "$deep"; printf deep > "$deep/file"
            printf x > "$(printf 'n%.0s' $(seq 255))"
            printf x > "$(printf 'byte-\\377\\376-end')"
            printf x > "$(printf 'new\\nline')"
            mkfifo a/fifo
            truncate -s 1M a/sparse; printf end >> a/sparse; printf mid | dd of=a/sparse bs=4096 seek=9 conv=notrunc status=none
            touch -d @-5 a/before-1970; touch -d @9000000000 a/after-2242; touch -d @1.5 a/fraction
            setfattr -n user.note -v text a/hello 2>/dev/null || true
            """
        try run(["bash", "-c", script], in: directory)
    }

    @Test(arguments: [
        "--format=posix", "--format=gnu", "--format=posix -S", "--format=gnu -S",
        "--format=posix -S --sparse-version=0.0",
        "--format=posix -S --sparse-version=0.1",
    ])
    func weReadWhatGNUTarWrites(_ options: String) async throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let tree = try Scratch()
        try makeTree(in: tree.path)
        let flags = options.split(separator: " ").map(String.init)
        let attributes = options.contains("posix") ? ["--xattrs", "--xattrs-include=user.*"] : []
        let archive = try run(["tar", "-c", "--sort=name"] + attributes + flags + ["."], in: tree.path)
        let layer = try await store.layers.ingest(
            BlobStream(archive), descriptor: Descriptor(of: archive, mediaType: .ociLayerTar))
        #expect(try ours(store, layer.diffID) == theirs(store.layers.tarPath(of: layer.diffID)))
    }

    /// A canonical layer made of a tree by way of an archive.
    private func canonicalLayer(in store: Store) async throws -> DiffID {
        let tree = try Scratch()
        try makeTree(in: tree.path)
        let archive = try run(["tar", "-c", "--format=posix", "-S", "--xattrs", "."], in: tree.path)
        let source = try await store.layers.ingest(
            BlobStream(archive), descriptor: Descriptor(of: archive, mediaType: .ociLayerTar))
        let tar = try store.layers.openTar(of: source.diffID)
        var entries = try store.layers.entries(of: source.diffID).sorted { $0.path < $1.path }
        entries = try relinked(entries)
        return try store.layers.write(epoch: 1 << 33) { writer in
            for entry in entries { try writer.append(entry, .archive(tar)) }
        }.diffID
    }

    /// The first name in order is the file, later ones are links to it.
    private func relinked(_ entries: [TarEntry]) throws -> [TarEntry] {
        var entries = entries
        for index in entries.indices {
            guard case .hardLink(let target) = entries[index].kind else { continue }
            let file = try #require(entries.firstIndex { $0.path == target })
            if file > index {
                (entries[index].kind, entries[file].kind) = (entries[file].kind, .hardLink(entries[index].path))
            }
        }
        return entries
    }

    @Test func othersReadWhatWeWrite() async throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let layer = try await canonicalLayer(in: store)
        #expect(try ours(store, layer) == theirs(store.layers.tarPath(of: layer)))

        // What GNU tar unpacks and packs again says the same as our own.
        let unpacked = try Scratch()
        try run(["tar", "-x", "-p", "--xattrs", "-f", store.layers.tarPath(of: layer).string], in: unpacked.path)
        let again = try run(["tar", "-c", "--format=posix", "--xattrs", "--sort=name", "."], in: unpacked.path)
        let second = try await store.layers.ingest(
            BlobStream(again), descriptor: Descriptor(of: again, mediaType: .ociLayerTar))
        #expect(try ours(store, second.diffID).sorted() == ours(store, layer).sorted())
    }

    @Test(.enabled(if: Programs.hasBSDTar, "bsdtar is not installed"))
    func libarchiveReadsWhatWeWrite() async throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let layer = try await canonicalLayer(in: store)
        let unpacked = try Scratch()
        try run(["bsdtar", "-x", "-p", "-f", store.layers.tarPath(of: layer).string], in: unpacked.path)
        let again = try run(["tar", "-c", "--format=posix", "--xattrs", "--sort=name", "."], in: unpacked.path)
        let second = try await store.layers.ingest(
            BlobStream(again), descriptor: Descriptor(of: again, mediaType: .ociLayerTar))
        let difference = Set(try ours(store, second.diffID)).symmetricDifference(try ours(store, layer))
        // The directory it unpacks into is not bsdtar's to date.
        #expect(difference.allSatisfy { $0.hasPrefix("directory") }, "\(difference)")
    }
}

enum Programs {
    static let hasBSDTar = (try? run(["sh", "-c", "command -v bsdtar"])) != nil
}
