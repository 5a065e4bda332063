import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import Testing

/// Directories that last: who has them when, and that nothing half-made is ever seen.
@Suite(.timeLimit(.minutes(2)))
struct CacheMountStoreTests {
    static func path(_ lease: CacheMountLease) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(lease.directory.rawValue)")
    }

    static func write(_ name: String, _ text: String, in lease: CacheMountLease) throws {
        try Data(text.utf8).write(to: URL(filePath: "/proc/self/fd/\(lease.directory.rawValue)/\(name)"))
    }

    static func names(in lease: CacheMountLease) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd/\(lease.directory.rawValue)").sorted()
    }

    /// Whether the cache is had at once.
    static func isFree(_ store: Store, _ id: CacheMountID, _ sharing: CacheMountSharing) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            let (waits, waiting) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                do {
                    _ = try await store.cacheMounts.take(id, sharing, waiting: { waiting.yield() })
                    return true
                } catch is CancellationError {
                    return false
                }
            }
            group.addTask {
                for await _ in waits { return false }
                return true
            }
            let first = try await group.next() ?? false
            group.cancelAll()
            return first
        }
    }

    @Test func whatIsWrittenIsThereTheNextTime() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "/root/.cache")
        for round in 0..<2 {
            let lease = try await test.store.cacheMounts.take(id, .shared)
            #expect(try Self.names(in: lease) == (round == 0 ? [] : ["kept"]))
            try Self.write("kept", "kept", in: lease)
        }
        let again = try Store.open(at: test.path)
        #expect(try Self.names(in: try await again.cacheMounts.take(id, .locked)) == ["kept"])
    }

    static let different: [CacheMountID] = [
        CacheMountID(name: "npm"), CacheMountID(name: "npm/"), CacheMountID(name: "./npm"), CacheMountID(name: "NPM"),
        CacheMountID(name: "../npm"), CacheMountID(name: ""), CacheMountID(namespace: "a", name: "npm"),
        CacheMountID(namespace: "a/npm", name: ""), CacheMountID(name: "npm", seed: Digest.of([1])),
        CacheMountID(name: "npm", mode: 0o755), CacheMountID(name: "npm", uid: 0), CacheMountID(name: "npm", gid: 0),
        CacheMountID(name: "n\u{440}m"),
    ]

    @Test func cachesThatDifferInAnythingAreDifferent() async throws {
        let test = try TestStore()
        var paths: Set<String> = []
        for id in Self.different {
            let path = try Self.path(try await test.store.cacheMounts.take(id, .locked))
            #expect(path.hasPrefix(test.path.appending("mounts").string + "/"))
            paths.insert(path)
        }
        #expect(paths.count == Self.different.count)
        #expect(Set(try test.store.cacheMounts.all().map(\.id)) == Set(Self.different))
    }

    @Test func sharedUsersHaveOneDirectoryAtOnce() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c")
        let first = try await test.store.cacheMounts.take(id, .shared)
        let second = try await test.store.cacheMounts.take(id, .shared)
        #expect(try Self.path(first) == Self.path(second))
        #expect(try await !Self.isFree(test.store, id, .locked))
    }

    @Test func lockedUsersWaitAlsoInAnotherOpeningOfTheStore() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c")
        let other = try Store.open(at: test.path)
        var first: CacheMountLease? = try await test.store.cacheMounts.take(id, .locked)
        #expect(try await !Self.isFree(other, id, .locked))
        #expect(try await !Self.isFree(other, id, .shared))
        let (waits, waiting) = AsyncStream.makeStream(of: Void.self)
        let second = Task { try await other.cacheMounts.take(id, .locked, waiting: { waiting.yield() }) }
        for await _ in waits { break }
        try Self.write("first", "", in: try #require(first))
        first = nil
        #expect(try Self.names(in: try await second.value) == ["first"])
    }

    @Test func privateUsersHaveCopiesThatLast() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c")
        do {
            let first = try await test.store.cacheMounts.take(id, .private)
            let second = try await test.store.cacheMounts.take(id, .private)
            #expect(try Self.path(first) != Self.path(second))
            try Self.write("one", "", in: first)
            try Self.write("two", "", in: second)
        }
        let first = try await test.store.cacheMounts.take(id, .private)
        let second = try await test.store.cacheMounts.take(id, .private)
        #expect(try Self.names(in: first) == ["one"])
        #expect(try Self.names(in: second) == ["two"])
        #expect(try test.store.cacheMounts.all().map(\.copies) == [2])
    }

    @Test func collectionTakesCachesThatNobodyUses() async throws {
        let test = try TestStore()
        let used = try await test.store.cacheMounts.take(CacheMountID(name: "used"), .shared)
        _ = try await test.store.cacheMounts.take(CacheMountID(name: "free"), .shared)
        let other = try Store.open(at: test.path)
        let report = try other.collect(CollectionPolicy(kinds: [.mount], takesAll: true), now: 0)
        #expect(report.removals.map(\.item.kind) == [.mount])
        #expect(try other.cacheMounts.all().map(\.id.name) == ["used"])
        #expect(try Self.names(in: used) == [])
        #expect(try Self.names(in: try await other.cacheMounts.take(CacheMountID(name: "free"), .locked)) == [])
    }

    @Test func whatAKilledProcessWasMakingIsSweptAway() async throws {
        let test = try TestStore()
        let left = test.path.appending("mounts/.gone-1-1.1/new").string
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try Data("temporaries\n".utf8).write(to: URL(filePath: test.path.appending("leases/gone-1-1").string))
        let again = try Store.open(at: test.path)
        #expect(!FileManager.default.fileExists(atPath: test.path.appending("mounts/.gone-1-1.1").string))
        #expect(try again.cacheMounts.all().isEmpty)
    }

    @Test(.enabled(if: TestHost.isRoot, "owners need root"))
    func aNewCacheIsAsItsMountSays() async throws {
        let test = try TestStore()
        let plain = try await test.store.cacheMounts.take(CacheMountID(name: "a"), .shared)
        let own = try await test.store.cacheMounts.take(
            CacheMountID(name: "a", mode: 0o1770, uid: 1000, gid: 100), .shared)
        let status = [try FileStatus.of(plain.directory.rawValue), try FileStatus.of(own.directory.rawValue)]
        #expect(status.map(\.mode) == [0o755, 0o1770])
        #expect(status.map(\.uid) == [0, 1000] && status.map(\.gid) == [0, 100])
    }

    @Test func aCacheThatCannotBeFilledIsNotThere() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c", seed: Digest.of([]))
        await #expect(throws: TestFailure.self) {
            _ = try await test.store.cacheMounts.take(id, .shared) { _ in throw TestFailure("no seed") }
        }
        let lease = try await test.store.cacheMounts.take(id, .shared) { directory in
            try Data().write(to: URL(filePath: "/proc/self/fd/\(directory.rawValue)/seed"))
        }
        #expect(try Self.names(in: lease) == ["seed"])
        let left = try FileManager.default.contentsOfDirectory(atPath: test.path.appending("mounts").string)
        #expect(left.filter { $0.hasPrefix(".") } == [])
    }

    @Test func renewingStartsEmptyAndTheNextGoesOnWithThat() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c", mode: 0o700)
        try Self.write("old", "", in: try await test.store.cacheMounts.take(id, .shared))
        do {
            let lease = try await test.store.cacheMounts.take(id, .shared, renewing: true)
            #expect(try Self.names(in: lease) == [])
            try Self.write("new", "", in: lease)
        }
        #expect(try Self.names(in: try await test.store.cacheMounts.take(id, .shared)) == ["new"])
    }

    @Test func aCacheInUseIsNotRemoved() async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c")
        var lease: CacheMountLease? = try await test.store.cacheMounts.take(id, .shared)
        try Self.write("x", String(repeating: "x", count: 100_000), in: try #require(lease))
        #expect(try test.store.cacheMounts.all().map(\.isInUse) == [true])
        #expect(throws: StorageError.self) { try test.store.cacheMounts.remove(id.digest) }
        lease = nil
        let item = try #require(try test.store.cacheMounts.all().first)
        #expect(item.size >= 100_000 && !item.isInUse)
        try test.store.cacheMounts.remove(id.digest)
        #expect(try test.store.cacheMounts.all().isEmpty)
        #expect(try Self.names(in: try await test.store.cacheMounts.take(id, .shared)) == [])
    }

    private static let listing =
        "cd \"$1\"; find . -print0 | sort -z | xargs -0 stat -c '%n %F %a %u:%g %h %s %N'; cat d/one"

    private static func described(_ lease: CacheMountLease) async throws -> [Substring] {
        // Directories of one content may differ in size.
        try await run("/bin/sh", "-ec", listing, "sh", path(lease)).split(separator: "\n").map { line in
            line.contains(" directory ") ? line.split(separator: " ").prefix(5).joined(separator: " ")[...] : line
        }
    }

    @Test(.enabled(if: TestHost.isRoot, "owners need root"))
    func exportAndImportKeepEverything() async throws {
        let test = try TestStore()
        let cache = CacheMountID(name: "c", uid: 7)
        let file = test.work.appending("cache.tar")
        let before: [Substring]
        do {
            let lease = try await test.store.cacheMounts.take(cache, .locked)
            try await run(
                "/bin/sh", "-ec",
                """
                cd "$1"; mkdir -p d/e; echo one > d/one; ln d/one d/e/two; ln -s /nowhere link; mkfifo pipe
                : > empty; chown 1000:100 d d/one; chmod 4750 d/one; touch -d @1234567890.123456789 d/one d
                : > .wh.one; mkdir .wh.d; : > .wh.d/.wh..wh..opq; : > "$(printf 'line\\nend \\377')"; chmod 1777 .
                """, "sh", Self.path(lease))
            before = try await Self.described(lease)
        }
        let output = SharedDescriptor(try OwnedDescriptor.open(file, flags: OpenFlags.create))
        let summary = try await test.store.cacheMounts.export(cache, to: output)
        #expect(summary.digest == Digest.of([UInt8](try Data(contentsOf: URL(filePath: file.string)))))
        try await run("/usr/bin/gzip", "-k", file.string)

        let other = try TestStore()
        for name in [file.string, file.string + ".gz"] {
            let id = CacheMountID(name: name)
            try Self.write("old", "", in: try await other.store.cacheMounts.take(id, .shared))
            let input = SharedDescriptor(try OwnedDescriptor.open(FilePath(name)))
            #expect(try await other.store.cacheMounts.replace(id, by: input, expecting: summary.digest) == summary)
            let lease = try await other.store.cacheMounts.take(id, .locked)
            #expect(try await Self.described(lease) == before)
            for name in ["d", "d/one"] {
                let time = try await run("/usr/bin/stat", "-c", "%.9Y", Self.path(lease) + "/" + name)
                #expect(time == "1234567890.123456789\n")
            }
        }
    }

    @Test(arguments: ["truncated", "another digest", "leading out", "no archive", "nothing"])
    func anImportThatIsRefusedChangesNothing(_ what: String) async throws {
        let test = try TestStore()
        let id = CacheMountID(name: "c")
        try Self.write("kept", "", in: try await test.store.cacheMounts.take(id, .shared))
        var bytes = try TestItem.archive([.file("a", String(repeating: "a", count: 2000)), .file("b")])
        var expected: Digest?
        switch what {
        case "truncated": bytes = Array(bytes[..<1500])
        case "another digest": expected = Digest.of([])
        case "nothing": bytes = []
        case "leading out": bytes = try TestItem.archive([.file("../b")])
        default: bytes = Array(String(repeating: "text ", count: 400).utf8)
        }
        let file = test.work.appending("cache.tar")
        try Data(bytes).write(to: URL(filePath: file.string))
        let input = SharedDescriptor(try OwnedDescriptor.open(file))
        await #expect(throws: StorageError.self) {
            try await test.store.cacheMounts.replace(id, by: input, expecting: expected)
        }
        #expect(try Self.names(in: try await test.store.cacheMounts.take(id, .shared)) == ["kept"])
    }
}
