import Foundation
import OCI
import Storage
import SystemPackage
import Testing

@Suite struct CheckTests {
    private let scratch: Scratch
    private let store: Store
    private let layer: Layer

    init() throws {
        scratch = try Scratch()
        store = try scratch.store()
        layer = try store.layers.write(epoch: 0) { writer in
            try writer.append(.directory("d"))
            try writer.append("d/file", text: "content")
        }
        let manifest = try store.blobs.put(Array("{}".utf8))
        try store.references.put(Descriptor(mediaType: .ociManifest, digest: manifest, size: 2), as: "app:1")
        try store.records.put(Array("record".utf8), for: .of([1]))
    }

    @Test func soundStoreHasNoFindings() async throws {
        _ = try await store.layers.compressed(layer.diffID, as: .gzip)
        let report = try store.check()
        #expect(report.findings.isEmpty && report.isSound && report.filesChecked >= 8)
        #expect(report.json["findings"] == .array([]))
    }

    /// Every file of a store, bits flipped all over it.
    @Test func flippedBitIsFoundInAnyFile() async throws {
        _ = try await store.layers.compressed(layer.diffID, as: .gzip)
        let files = try scratch.files().filter {
            $0 != "store/synchronized" && !$0.hasPrefix("store/leases") && !$0.contains("/work/")
        }
        #expect(files.count >= 9, "\(files)")
        for file in files {
            let whole = try scratch.bytes(file)
            for position in stride(from: 0, to: whole.count, by: max(1, whole.count / 15)) {
                var spoiled = whole
                spoiled[position] ^= 1 << UInt8(position % 8)
                try scratch.write(spoiled, to: file)
                let found = try store.check().findings
                #expect(found.contains { $0.path.string.hasSuffix(file) }, "\(file) at \(position): \(found)")
            }
            try scratch.write(whole, to: file)
        }
        #expect(try store.check().findings.isEmpty)
    }

    @Test func damagedIndexIsBuiltAgain() throws {
        let index = "store/layers/\(layer.diffID.digest.hex).erofs"
        let whole = try scratch.bytes(index)
        for spoiled in [[], Array(whole.dropLast(512)), whole.map { $0 ^ 1 }] {
            try scratch.write(spoiled, to: index)
            let report = try store.check(repairing: true)
            #expect(report.findings.map(\.remedy) == [.rebuilt] && report.isSound)
            #expect(try scratch.bytes(index) == whole)
        }
        try FileManager.default.removeItem(atPath: scratch.path.appending(index).string)
        #expect(try store.check(repairing: true).findings.map(\.problem) == ["is missing"])
        #expect(try scratch.bytes(index) == whole)
    }

    @Test func damagedIndexOfAChainIsFoundAndTakenAway() throws {
        let whole = try scratch.bytes("store/layers/\(layer.diffID.digest.hex).erofs")
        let chain = "store/layers/\(Digest.of([7]).hex).chain.erofs"
        try scratch.write(whole, to: chain)
        #expect(try store.check(repairing: true).findings.isEmpty)
        #expect(try scratch.bytes(chain) == whole)
        var spoiled = whole
        spoiled[1300] ^= 4
        try scratch.write(spoiled, to: chain)
        #expect(try store.check().findings.map(\.problem) == ["has changed"])
        #expect(try store.check(repairing: true).findings.map(\.remedy) == [.removed])
        #expect(try store.check().findings.isEmpty)
    }

    @Test func damagedLayerGoesToQuarantineAndCanComeAgain() throws {
        let hex = layer.diffID.digest.hex
        var tar = try scratch.bytes("store/layers/\(hex).tar")
        tar[600] ^= 1
        try scratch.write(tar, to: "store/layers/\(hex).tar")
        let report = try store.check(repairing: true)
        #expect(report.findings.map(\.remedy) == [.quarantined] && report.findings[0].needsRefetch && !report.isSound)
        #expect(!store.layers.contains(layer.diffID))
        #expect(try scratch.files().contains("store/quarantine/\(hex).tar"))
        #expect(try store.check().findings.isEmpty)
        let again = try store.layers.write(epoch: 0) { writer in
            try writer.append(.directory("d"))
            try writer.append("d/file", text: "content")
        }
        #expect(again == layer)
        #expect(try store.check().findings.isEmpty)
    }

    @Test func referenceToNothingIsDropped() throws {
        let manifest = try #require(try store.references.get("app:1"))
        try store.blobs.remove(manifest.digest)
        #expect(try store.check().findings.map(\.needsRefetch) == [true])
        _ = try store.check(repairing: true)
        #expect(try store.references.all().isEmpty && store.check().findings.isEmpty)
    }

    @Test func strangersAreReported() throws {
        try scratch.write([1], to: "store/layers/notes.txt")
        try scratch.write([1], to: "store/layers/\(Digest.of([7]).hex).erofs")
        try scratch.write([1], to: "store/blobs/sha256/abc")
        #expect(try store.check().findings.count == 3)
        _ = try store.check(repairing: true)
        #expect(try store.check().findings.isEmpty)
    }
}
