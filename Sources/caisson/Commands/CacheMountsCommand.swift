import ArgumentParser
import Linux
import OCI
import Storage
import SystemPackage

struct CacheMountsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mounts", abstract: "The caches of RUN --mount=type=cache.",
        discussion: """
            A cache is named by its id, with --namespace where several have one id, or by the beginning of its KEY.
            Examples:
              caisson cache mounts ls
              caisson cache mounts export /root/.cache | zstd > cache.tar.zst
              zstd -d < cache.tar.zst | caisson cache mounts import /root/.cache
            """,
        subcommands: [List.self, Export.self, Import.self, Remove.self])

    @Sendable private static func sayWaiting() { StandardError.write("waiting for a step that uses the cache\n") }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists the caches with their sizes on disk.")
        @OptionGroup var store: StoreOptions

        func run() throws {
            let items = try store.openStore().cacheMounts.all()
            if store.json {
                StandardOutput.write(JSON.array(items.map(\.json)).lineText + "\n")
                return
            }
            let now = WallClock.seconds()
            StandardOutput.write(
                TextTable.text(
                    of: items,
                    [
                        "KEY": \.key, "SIZE": { ByteCount.text($0.size) }, "COPIES": { String($0.copies) },
                        "LAST USED": { $0.isInUse ? "in use" : RelativeTime.text($0.lastUsed, now: now) },
                        "ID": \.id.name, "WHAT": \.id.particulars,
                    ]))
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Writes a cache as a tar to standard output or a file.",
            discussion: """
                Owners, modes, times and links are kept. Waits for a step that uses the cache. Prints the digest that
                `import --digest` checks.
                """)
        @Argument(help: "The cache.") var cache: String
        @Option(name: [.short, .customLong("output")], help: "The file to write.") var output: String?
        @OptionGroup var namespace: NamespaceOptions
        @OptionGroup var store: StoreOptions

        func run() async throws {
            let mounts = try store.openStore().cacheMounts
            let id = try mounts.cache(named: cache, in: namespace.namespace).id
            guard let output else {
                guard !StandardOutput.isTerminal else {
                    throw CommandFailure.usage("the terminal takes no archive: name a file with --output")
                }
                let stream = SharedDescriptor(try OwnedDescriptor.open("/dev/stdout", flags: OpenFlags.write))
                StandardError.write(
                    "\(try await mounts.export(id, to: stream, waiting: CacheMountsCommand.sayWaiting).digest)\n")
                return
            }
            let path = FilePath(output).absolute()
            try await FileContents.replace(path) { file in
                let summary = try await mounts.export(id, to: file, waiting: CacheMountsCommand.sayWaiting)
                StandardOutput.write(store.json ? summary.json(of: id).lineText + "\n" : "\(summary.digest)\n")
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Replaces a cache, or makes it, by a tar from standard input or a file.",
            discussion: """
                The archive may be compressed. All of it is read and checked before the cache changes. For a mount with
                mode, uid or gid give the same here: it has a cache of its own.
                """)
        @Argument(help: "The cache's id, or the KEY of one that exists.") var cache: String
        @Option(name: [.short, .customLong("input")], help: "The file to read.") var input: String?
        @Option(name: .customLong("digest"), help: "What the uncompressed archive must have.") var digest: String?
        @OptionGroup var namespace: NamespaceOptions
        @Option(name: .customLong("mode"), help: "Of the mount, in octal.") var mode: String?
        @Option(name: .customLong("uid"), help: "Of the mount.") var uid: UInt32?
        @Option(name: .customLong("gid"), help: "Of the mount.") var gid: UInt32?
        @OptionGroup var store: StoreOptions

        func run() async throws {
            let mounts = try store.openStore().cacheMounts
            let expected = try digest.map { text in
                do { return try Digest(parsing: text) } catch { throw CommandFailure.usage("\(error)") }
            }
            let summary: ArchiveSummary
            do {
                summary = try await mounts.replace(
                    try id(in: mounts), by: try source(), expecting: expected, waiting: CacheMountsCommand.sayWaiting)
            } catch let error as StorageError where [.contentMismatch, .invalidLayer].contains(error.code) {
                throw CommandFailure("\(error)", hint: "the cache is as it was")
            }
            StandardOutput.write(
                store.json ? summary.json(of: try id(in: mounts)).lineText + "\n" : "\(summary.digest)\n")
        }

        private func id(in mounts: CacheMountStore) throws -> CacheMountID {
            guard !cache.isEmpty else { throw CommandFailure.usage("a cache needs an id") }
            if namespace.namespace == nil, mode == nil, uid == nil, gid == nil,
                let item = try mounts.all().first(where: { CacheMountStore.isKey(cache, of: $0) })
            {
                return item.id
            }
            var bits: UInt16?
            if let mode {
                bits = UInt16(mode, radix: 8)
                guard let bits, bits <= 0o7777 else { throw CommandFailure.usage("invalid mode `\(mode)`") }
            }
            return CacheMountID(namespace: namespace.namespace ?? "", name: cache, mode: bits, uid: uid, gid: gid)
        }

        private func source() throws -> SharedDescriptor {
            guard let input else {
                guard !StandardInput.isTerminal else {
                    throw CommandFailure.usage("the archive comes from standard input, or name a file with --input")
                }
                return SharedDescriptor(try OwnedDescriptor.open("/dev/stdin"))
            }
            do { return SharedDescriptor(try OwnedDescriptor.open(FilePath(input).absolute())) } catch {
                throw CommandFailure.usage("\(error)")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Removes caches that no step uses.")
        @Argument(help: "The caches.") var caches: [String]
        @OptionGroup var namespace: NamespaceOptions
        @OptionGroup var store: StoreOptions

        func run() throws {
            let mounts = try store.openStore().cacheMounts
            for item in try caches.map({ try mounts.cache(named: $0, in: namespace.namespace) }) {
                do { try mounts.remove(item.id.digest) } catch let error as StorageError where error.code == .inUse {
                    throw CommandFailure("\(error)")
                }
            }
        }
    }
}

/// Whose cache is meant.
struct NamespaceOptions: ParsableArguments {
    @Option(
        name: .customLong("namespace"),
        help: ArgumentHelp("What BUILDKIT_CACHE_MOUNT_NS says in the builds that use it.", valueName: "name"))
    var namespace: String?
}

extension CacheMountStore {
    fileprivate static func isKey(_ text: String, of item: CacheMountItem) -> Bool {
        text.count >= 8 && item.id.digest.hex.hasPrefix(text)
    }

    /// The one cache of that id or key.
    fileprivate func cache(named text: String, in namespace: String?) throws -> CacheMountItem {
        let items = try all().filter { namespace == nil || $0.id.namespace == namespace }
        let found = items.filter { $0.id.name == text || Self.isKey(text, of: $0) }
        if let item = found.first, found.count == 1 { return item }
        guard !found.isEmpty else {
            throw CommandFailure("there is no cache `\(text)`", hint: "`caisson cache mounts ls` lists them")
        }
        throw CommandFailure.usage(
            "\(found.count) caches have the id `\(text)`",
            hint: "name one by its key: "
                + found.map { $0.key + ($0.id.particulars.isEmpty ? "" : " (\($0.id.particulars))") }
                .joined(separator: ", "))
    }
}

extension CacheMountItem {
    fileprivate var key: String { String(id.digest.hex.prefix(12)) }

    fileprivate var json: JSON {
        var members = id.json.objectValue ?? [:]
        members["key"] = .string(id.digest.hex)
        members["size"] = .integer(size)
        members["copies"] = .integer(Int64(copies))
        members["lastUsed"] = .integer(lastUsed)
        members["inUse"] = .bool(isInUse)
        return .object(members)
    }
}

extension CacheMountID {
    /// What tells it from other caches of the same name.
    fileprivate var particulars: String {
        var parts: [String] = []
        if let scope { parts.append("scope=\(scope)") }
        if !namespace.isEmpty { parts.append("namespace=\(namespace)") }
        if let mode { parts.append("mode=0\(String(mode, radix: 8))") }
        if let uid { parts.append("uid=\(uid)") }
        if let gid { parts.append("gid=\(gid)") }
        if let seed { parts.append("seed=\(seed.hex.prefix(12))") }
        return parts.joined(separator: " ")
    }
}

extension ArchiveSummary {
    fileprivate func json(of id: CacheMountID) -> JSON {
        [
            "key": .string(id.digest.hex), "digest": .string(digest.description), "size": .integer(size),
            "entries": .integer(Int64(entries)),
        ]
    }
}
