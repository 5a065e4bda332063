import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import Testing

@Suite struct ContentStoreTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func severalProcessesMayOpenAStore() throws {
        let first = try scratch.store()
        let second = try scratch.store()
        let digest = try first.blobs.put([1, 2, 3])
        #expect(try second.blobs.read(digest) == [1, 2, 3])
    }

    @Test func newerFormatIsRefused() throws {
        _ = try scratch.store()
        try scratch.write(Array("2\n".utf8), to: "store/format")
        let error = #expect(throws: StorageError.self) { try scratch.store() }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("use a newer caisson") == true)
    }

    @Test func directoryOfSomebodyElseIsRefused() throws {
        try FileManager.default.createDirectory(
            atPath: scratch.path.appending("store").string, withIntermediateDirectories: false)
        try scratch.write([1], to: "store/thesis.tex")
        let error = #expect(throws: StorageError.self) { try scratch.store() }
        #expect(error?.code == .unsupported)
        #expect(try scratch.files() == ["store/thesis.tex"])
    }

    @Test func temporariesOfTheDeadAreSweptAndOthersAreNot() throws {
        let alive = try scratch.store()
        let session = try #require(try scratch.files().first { $0.hasPrefix("store/leases/") })
        let name = try #require(session.split(separator: "/").last)
        let places = ["store/layers", "store/blobs/sha256"]
        for place in places {
            try scratch.write([1], to: "\(place)/.deadbeef-1-1.7")
            try scratch.write([1], to: "\(place)/.\(name).99")
        }
        try scratch.write(Array("\(Digest.of([]).hex)\ntemporaries\n".utf8), to: "store/leases/deadbeef-1-1")
        _ = try scratch.store()
        for place in places {
            #expect(try scratch.files().contains("\(place)/.\(name).99"))
            #expect(try !scratch.files().contains("\(place)/.deadbeef-1-1.7"))
        }
        #expect(try !scratch.files().contains("store/leases/deadbeef-1-1"))
        withExtendedLifetime(alive) {}
    }

    @Test func tornFilesAreRemovedAfterTheMachineStarted() throws {
        var store = try scratch.store()
        let whole = try store.layers.write(epoch: 0) { try $0.append("whole", text: "1") }
        let torn = try store.layers.write(epoch: 0) { try $0.append("torn", text: "2") }
        let unindexed = try store.layers.write(epoch: 0) { try $0.append("unindexed", text: "3") }
        let digest = torn.diffID.digest.hex
        let size = try scratch.bytes("store/layers/\(digest).tar").count
        try scratch.write([UInt8](repeating: 0, count: size), to: "store/layers/\(digest).tar")
        try scratch.write([], to: "store/layers/\(unindexed.diffID.digest.hex).erofs")

        store = try scratch.store()
        #expect(store.layers.contains(torn.diffID), "the machine did not start")
        try scratch.write(Array("another boot".utf8), to: "store/boot")
        store = try scratch.store()
        #expect(!store.layers.contains(torn.diffID))
        #expect(store.layers.contains(whole.diffID) && store.layers.contains(unindexed.diffID))
        #expect(try store.check().findings.map(\.problem) == ["is missing"])
        _ = try store.layers.index(of: unindexed.diffID)
        #expect(try store.check().isSound)
    }

    @Test func synchronizingLeavesAMark() throws {
        let store = try scratch.store()
        try store.synchronize()
        #expect(try scratch.files().contains("store/synchronized"))
    }

    @Test func fileSystemIsNamed() throws {
        let store = try scratch.store()
        #expect(!store.fileSystem.name.isEmpty && store.fileSystem.available > 0)
        #expect(store.fileSystem.supportsFileBackedMounts == (store.mountRefusal == nil))
        if getuid() == 0 {
            let mount = SharedDescriptor(try DetachedMount.tmpfs(size: 1 << 20).release())
            let refusal = try Store.open(at: FilePath("/proc/self/fd/\(mount.rawValue)/store")).mountRefusal
            #expect(refusal?.contains("tmpfs") == true)
        }
    }
}
