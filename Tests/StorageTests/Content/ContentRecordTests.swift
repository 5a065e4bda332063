import OCI
import Storage
import Testing

@Suite struct ContentRecordTests {
    private let scratch: Scratch
    private let store: Store
    private let key = Digest.of(Array("key".utf8))

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
    }

    private var path: String { "store/cache/\(key.hex.prefix(2))/\(key.hex)" }

    @Test func recordIsFoundReplacedAndRemoved() throws {
        #expect(try store.records.get(key) == nil)
        try store.records.put([], for: key)
        #expect(try store.records.get(key) == [])
        try store.records.put([1, 2], for: key)
        #expect(try store.records.get(key) == [1, 2])
        #expect(try store.records.keys() == [key])
        try store.records.remove(key)
        try store.records.remove(key)
        #expect(try store.records.get(key) == nil)
    }

    @Test func anyFlippedBitMakesARecordAMiss() throws {
        try store.records.put([1, 2], for: key)
        let whole = try scratch.bytes(path)
        for index in whole.indices {
            var spoiled = whole
            spoiled[index] ^= 0x10
            try scratch.write(spoiled, to: path)
            #expect(try store.records.get(key) == nil)
            #expect(try !scratch.files().contains(path))
        }
    }

    @Test(arguments: [0, 1, 71, 73]) func shortenedRecordIsAMiss(_ count: Int) throws {
        try store.records.put([1, 2], for: key)
        try scratch.write(Array(try scratch.bytes(path).prefix(count)), to: path)
        #expect(try store.records.get(key) == nil)
    }

    @Test func recordUnderAnotherKeyIsAMiss() throws {
        let other = Digest.of(Array("other".utf8))
        try store.records.put([1], for: key)
        try store.records.put([2], for: other)
        try scratch.write(try scratch.bytes("store/cache/\(other.hex.prefix(2))/\(other.hex)"), to: path)
        #expect(try store.records.get(key) == nil)
        #expect(try store.records.get(other) == [2])
    }

    @Test func namesOfImagesAreKept() throws {
        let one = Descriptor(of: [1], mediaType: .ociManifest)
        let two = Descriptor(of: [2], mediaType: .ociIndex)
        try store.references.put(one, as: "app:1")
        try store.references.put(one, as: "127.0.0.1:5000/team/app:latest")
        try store.references.put(two, as: "app:1")
        #expect(try store.references.get("app:1") == two)
        #expect(try store.references.all().map(\.name) == ["127.0.0.1:5000/team/app:latest", "app:1"])
        #expect(try store.references.remove("app:1"))
        #expect(try !store.references.remove("app:1"))
        #expect(try store.references.get("app:1") == nil)
    }
}
