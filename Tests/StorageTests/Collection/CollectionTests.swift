import Foundation
import Glibc
import OCI
import Storage
import SystemPackage
import Testing

/// What collections take and what they leave, on stores made by hand.
@Suite struct CollectionTests {
    private let scratch: Scratch
    private let store: Store
    private let now: Int64

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
        now = Int64(Date().timeIntervalSince1970)
    }

    private func layer(_ text: String, size: Int = 1) throws -> DiffID {
        try store.layers.write(epoch: 0) { writer in
            let content = String(repeating: text, count: size)
            try writer.append("file", text: content)
        }.diffID
    }

    /// A step's record as builds write it, used `age` seconds ago.
    @discardableResult
    private func step(_ title: String, on chain: [DiffID], age: Int64 = 0) throws -> Digest {
        let key = Digest.of(Array("key of \(title)".utf8))
        let record: JSON = [
            "created": 0, "ingredients": [:], "layers": .array(chain.map { .string($0.description) }),
            "milliseconds": 1, "title": .string(title),
        ]
        try store.records.put(record.canonicalBytes, for: key)
        try setAge(age, of: "cache/\(key.hex.prefix(2))/\(key.hex)")
        return key
    }

    private func setAge(_ age: Int64, of name: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: Double(now - age))],
            ofItemAtPath: scratch.path.appending("store/\(name)").string)
    }

    private func image(_ name: String, of layers: [DiffID]) throws -> Descriptor {
        var config = ImageConfig(platform: .current)
        config.diffIDs = layers
        let configBytes = config.canonicalBytes
        try store.blobs.put(configBytes)
        let manifest = ImageManifest(
            config: Descriptor(of: configBytes, mediaType: .ociConfig),
            layers: layers.map { Descriptor(mediaType: .ociLayerTar, digest: $0.digest, size: 1) })
        let raw = RawManifest(bytes: manifest.canonicalBytes, mediaType: .ociManifest)
        try store.blobs.put(raw.bytes)
        try store.references.put(raw.descriptor, as: name)
        return raw.descriptor
    }

    private func collect(
        _ policy: CollectionPolicy = CollectionPolicy(), isDryRun: Bool = false
    ) throws -> CollectionReport {
        let report = try store.collect(policy, now: now, isDryRun: isDryRun)
        let check = try store.check()
        #expect(check.findings.isEmpty, "\(check.findings)")
        return report
    }

    private var day: Int64 { 86400 }

    // MARK: What goes

    /// What was used in the same second too: who asks what would go is told what goes.
    @Test(arguments: [CollectionPolicy(takesAll: true), CollectionPolicy(maximumSize: 200 << 10)])
    func whatGoesIsWhatWouldGo(_ policy: CollectionPolicy) throws {
        for number in 0..<20 { try step("RUN \(number)", on: [try layer("\(number)", size: 9000)], age: 5) }
        for number in 0..<20 { _ = try layer("orphan \(number)") }
        // A check in between would read the layers, which counts as use.
        let dry = try store.collect(policy, now: now, isDryRun: true)
        #expect(!dry.removals.isEmpty)
        #expect(try store.collect(policy, now: now, isDryRun: true) == dry)
        #expect(try collect(policy).removals == dry.removals)
    }

    @Test func withoutOptionsGoesWhatNothingNeeds() throws {
        let kept = try layer("kept")
        try step("RUN kept", on: [kept])
        let orphan = try layer("orphan")
        let blob = try store.blobs.put([1, 2, 3])
        let report = try collect()
        #expect(Set(report.removals.map(\.item.kind)) == [.layer, .blob])
        #expect(report.removals.allSatisfy { $0.reason.contains("needs it") && $0.item.size > 0 })
        #expect(store.layers.contains(kept) && !store.layers.contains(orphan) && !store.blobs.contains(blob))
    }

    @Test func ageIsCountedFromTheLastUse() throws {
        let base = try layer("base")
        let old = try layer("old")
        let young = try layer("young")
        try step("RUN old", on: [base, old], age: 40 * day)
        let key = try step("RUN young", on: [base, young], age: 40 * day)
        try store.records.noteUse(of: key)
        let report = try collect(CollectionPolicy(keepsFor: 30 * day))
        #expect(report.removals.map(\.item.title) == ["RUN old"])
        #expect(report.removals[0].reason == "not used for 40 days")
        #expect(!store.layers.contains(old) && store.layers.contains(young) && store.layers.contains(base))
    }

    @Test func sizeTakesWhatWasUsedLongestAgo() throws {
        let base = try layer("base", size: 100_000)
        var layers: [DiffID] = []
        for number in 0..<5 {
            layers.append(try layer("layer \(number)", size: 100_000))
            try step("RUN \(number)", on: [base, layers[number]], age: Int64(10 - number) * day)
        }
        let size = try store.usage().total
        let report = try collect(CollectionPolicy(maximumSize: size - 1_000_000))
        #expect(report.removals.map(\.item.title) == ["RUN 0", "RUN 1"])
        #expect(report.removals.allSatisfy { $0.reason.contains("bytes too large") })
        #expect(try store.usage().total <= size - 1_000_000)
        #expect(try store.usage().total == size - report.freed)
        #expect(layers.map(store.layers.contains) == [false, false, true, true, true])
        #expect(store.layers.contains(base))
    }

    @Test func stepsOfOneAgeGoFromTheTopOfTheirStack() throws {
        let chain = [try layer("1"), try layer("2"), try layer("3")]
        for count in 1...3 { try step("RUN \(count)", on: Array(chain.prefix(count)), age: day) }
        let report = try collect(CollectionPolicy(takesAll: true))
        #expect(report.removals.map(\.item.title) == ["RUN 3", "RUN 2", "RUN 1"])
        #expect(report.removals.allSatisfy { $0.item.size > 4096 })
        #expect(try store.layers.all().isEmpty)
    }

    @Test func kindsAreFiltered() throws {
        let layer = try layer("step")
        try step("RUN step", on: [layer])
        let blob = try store.blobs.put([1])
        let report = try collect(CollectionPolicy(kinds: [.blob], takesAll: true))
        #expect(report.removals.map(\.item.kind) == [.blob])
        #expect(store.layers.contains(layer) && !store.blobs.contains(blob))
    }

    @Test func dryRunChangesNothing() throws {
        try step("RUN step", on: [try layer("step")])
        try store.blobs.put([1])
        let files = try scratch.files()
        let report = try collect(CollectionPolicy(takesAll: true), isDryRun: true)
        #expect(report.removals.count == 2)
        #expect(try scratch.files() == files)
    }

    // MARK: What stays

    @Test func imagesThatExistNowhereElseStay() throws {
        let built = try layer("built")
        let mirrored = try layer("mirrored")
        _ = try image("built example.org/a:1", of: [built])
        _ = try image("mirrored example.org/b:1", of: [mirrored])
        let report = try collect(CollectionPolicy(takesAll: true))
        #expect(report.removals.map(\.item.title) == ["mirrored example.org/b:1"])
        #expect(report.held.map(\.hold) == [.onlyCopy])
        #expect(try store.references.all().map(\.name) == ["built example.org/a:1"])
        #expect(store.layers.contains(built) && !store.layers.contains(mirrored))
        #expect(try store.blobs.all().count == 2)
    }

    @Test func whatALeaseNamesStays() throws {
        let used = try layer("used")
        try step("RUN used", on: [used], age: 90 * day)
        let lease = try store.lease()
        try lease.protect([used])
        // Another opening stands for another process.
        let report = try scratch.store().collect(CollectionPolicy(takesAll: true), now: now)
        #expect(report.removals.isEmpty)
        #expect(report.held.map(\.hold) == [.running])
        #expect(store.layers.contains(used))
        withExtendedLifetime(lease) {}
    }

    @Test func whatCameOrWasClaimedDuringALeaseStays() async throws {
        let old = try layer("old")
        let claimed = try layer("claimed")
        let blob = try store.blobs.put([1])
        // The kernel stamps files to the tick of its clock.
        try await Task.sleep(for: .milliseconds(20))
        let lease = try store.lease()
        try await Task.sleep(for: .milliseconds(20))
        let new = try layer("new")
        #expect(try store.layers.claim(claimed))
        try store.blobs.put([1])
        #expect(try layer("claimed") == claimed)
        let report = try scratch.store().collect(CollectionPolicy(takesAll: true), now: now)
        #expect(report.removals.map(\.item.id) == [old.digest.hex])
        #expect(store.layers.contains(new) && store.layers.contains(claimed) && store.blobs.contains(blob))
        withExtendedLifetime(lease) {}
    }

    // MARK: What else lies in a store

    @Test func compressedBlobsGoWithTheirLayer() async throws {
        let layer = try layer("layer", size: 1000)
        try step("RUN layer", on: [layer], age: 2 * day)
        let blob = try await store.layers.compressed(layer, as: .gzip)
        try setAge(day, of: "blobs/sha256/\(blob.digest.hex)")
        let report = try collect(CollectionPolicy(keepsFor: day + 1))
        #expect(report.removals.map(\.item.kind) == [.step])
        #expect(try scratch.files().allSatisfy { !$0.contains("/compressed/") && !$0.contains("/blobs/") })
    }

    /// A layer that is its own blob is one file of two names.
    @Test func hardLinksCountOnce() async throws {
        let layer = try layer("layer", size: 100_000)
        let before = try store.usage().total
        _ = try await store.layers.compressed(layer, as: .none)
        #expect(try store.usage().total - before < 10_000)
    }

    @Test func whatDeadProcessesLeftGoes() throws {
        try FileManager.default.createDirectory(
            atPath: scratch.path.appending("store/work/1-dead/deep").string, withIntermediateDirectories: true)
        try scratch.write([UInt8](repeating: 1, count: 100_000), to: "store/work/1-dead/deep/file")
        try scratch.write([], to: "store/work/1-dead.lock")
        let area = try WorkArea(in: store)
        // Making an area sweeps, so the dead one has to come after it.
        try FileManager.default.createDirectory(
            atPath: scratch.path.appending("store/work/2-dead").string, withIntermediateDirectories: true)
        try scratch.write([UInt8](repeating: 1, count: 100_000), to: "store/work/2-dead/file")
        let report = try collect(CollectionPolicy(keepsFor: day))
        #expect(report.removals.map(\.item.id) == ["2-dead"])
        #expect(report.freed >= 100_000)
        #expect(FileManager.default.fileExists(atPath: area.path.string))
    }

    @Test func treesAreTakenByAgeAndLock() throws {
        for name in ["mounts/free", "mounts/locked", "git/mirror"] {
            try FileManager.default.createDirectory(
                atPath: scratch.path.appending("store/\(name)/deep").string, withIntermediateDirectories: true)
            try setAge(2 * day, of: name)
        }
        #expect(try collect(CollectionPolicy(keepsFor: 3 * day)).removals.isEmpty)
        try scratch.write([], to: "store/mounts/locked.lock")
        let lock = open(scratch.path.appending("store/mounts/locked.lock").string, O_RDWR)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        let report = try collect(CollectionPolicy(takesAll: true))
        #expect(Set(report.removals.map(\.item.id)) == ["free", "mirror"])
        #expect(report.held.map(\.id) == ["locked"])
        #expect(!FileManager.default.fileExists(atPath: scratch.path.appending("store/mounts/free").string))
    }

    /// Killed between the two files of a layer, a collection leaves an index that the next opening removes.
    @Test func interruptedRemovalIsFinishedByTheNextOpening() throws {
        let layer = try layer("layer")
        try FileManager.default.removeItem(atPath: store.layers.tarPath(of: layer).string)
        try scratch.write(Array("temporaries\n".utf8), to: "store/leases/deadbeef-1-1")
        #expect(try scratch.store().check().findings.isEmpty)
    }
}
