import Foundation
import OCI
import Registry
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1)))
final class OCILayoutTests {
    private let directory: FilePath
    private let repository = RepositoryName(registry: "registry.example.org", path: "app")
    private var reference: ImageReference { ImageReference(repository: repository, tag: "1.0") }

    init() { directory = FilePath(FileManager.default.temporaryDirectory.appending(path: "layout-\(UUID())").path) }

    deinit { try? FileManager.default.removeItem(atPath: directory.string) }

    private func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory.string).sorted()
    }

    @Test func imageIsStoredAsTheSpecificationSays() async throws {
        let image = SampleImage(layers: [SampleImage.bytes(700_000), []])
        try await image.push(to: try await OCILayout.create(directory), reference)
        let digests = ([image.manifest.descriptor, image.configDescriptor] + image.descriptors).map {
            "blobs/sha256/\($0.digest.hex)"
        }
        #expect(try files() == (["blobs", "blobs/sha256", "index.json", "oci-layout"] + digests).sorted())

        let layout = try await OCILayout.open(directory)
        let found = try await layout.resolve(reference)
        #expect(found.digest == image.manifest.descriptor.digest)
        #expect(found.annotations == ["org.opencontainers.image.ref.name": "1.0"])
        #expect(try await layout.manifest(found, in: repository).bytes == image.manifest.bytes)
        #expect(
            try await layout.bytes(of: image.descriptors[0], in: repository, from: 5)
                == Array(image.layers[0].dropFirst(5)))
    }

    @Test func nameMovesToTheNewestManifest() async throws {
        let layout = try await OCILayout.create(directory)
        let images = [SampleImage(layers: [[1]]), SampleImage(layers: [[2]])]
        for image in images { try await image.push(to: layout, reference) }
        try await layout.list(images[0].manifest.descriptor, name: "old")
        #expect(try await layout.resolve(reference).digest == images[1].manifest.descriptor.digest)
        #expect(try await layout.manifests().count == 2)
        let pinned = ImageReference(repository: repository, digest: images[0].manifest.descriptor.digest)
        #expect(try await layout.resolve(pinned).digest == images[0].manifest.descriptor.digest)
    }

    @Test func unknownNameSaysWhichThereAre() async throws {
        let layout = try await OCILayout.create(directory)
        try await SampleImage(layers: []).push(to: layout, reference)
        await #expect { try await layout.resolve(ImageReference(repository: repository, tag: "2.0")) } throws: {
            ($0 as? OCIError)?.code == .notFound && "\($0)".contains("1.0")
        }
    }

    @Test(arguments: [[UInt8](), [1, 2, 4], [1, 2], [1, 2, 3, 4]])
    func wrongContentIsRefusedAndLeavesNothing(content: [UInt8]) async throws {
        let layout = try await OCILayout.create(directory)
        let descriptor = Descriptor(of: [1, 2, 3], mediaType: .ociLayerTar)
        await #expect { try await layout.put(descriptor, .bytes(content), in: repository) } throws: {
            ($0 as? OCIError)?.code == .contentMismatch
        }
        #expect(try await !layout.contains(descriptor, in: repository))
        #expect(try files() == ["blobs", "blobs/sha256", "index.json", "oci-layout"])
    }

    /// Each removes what is unlisted when it has ended: what another has written and not yet listed must not be there.
    @Test func writersHaveTheLayoutOneAfterTheOther() async throws {
        let (directory, repository) = (directory, repository)
        let images = (0..<12).map { SampleImage(layers: [SampleImage.bytes(50_000, seed: UInt64($0)), [UInt8($0)]]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, image) in images.enumerated() {
                group.addTask {
                    let layout = try await OCILayout.create(directory)
                    try await image.push(to: layout, ImageReference(repository: repository, tag: "\(number)"))
                    try await layout.removeUnlisted()
                }
            }
            try await group.waitForAll()
        }
        let layout = try await OCILayout.open(directory)
        #expect(try await layout.manifests().count == images.count)
        for image in images {
            for (bytes, descriptor) in zip(image.layers, image.descriptors) {
                #expect(try await layout.bytes(of: descriptor, in: repository) == bytes)
            }
        }
    }

    @Test func whatAWriterLeftThatDiedGoes() async throws {
        let layout = try await OCILayout.create(directory)
        try await SampleImage(layers: [[1]]).push(to: layout, reference)
        let before = try files()
        for name in [".pending-1", "blobs/sha256/.pending-2"] {
            try Data([1]).write(to: URL(filePath: directory.appending(name).string))
        }
        try await layout.removeUnlisted()
        #expect(try files() == before)
    }

    @Test func damagedManifestIsFoundOut() async throws {
        let layout = try await OCILayout.create(directory)
        let image = SampleImage(layers: [])
        try await image.push(to: layout, reference)
        let path = directory.appending("blobs/sha256/\(image.manifest.descriptor.digest.hex)").string
        try Data(image.manifest.bytes.map { $0 == 0x7b ? 0x5b : $0 }).write(to: URL(filePath: path))
        await #expect { try await layout.manifest(image.manifest.descriptor, in: repository) } throws: {
            ($0 as? OCIError)?.code == .contentMismatch
        }
    }

    @Test(arguments: ["symlink", "directory", "fifo"])
    func blobThatIsNoRegularFileIsNotRead(kind: String) async throws {
        let layout = try await OCILayout.create(directory)
        let descriptor = Descriptor(of: [1, 2, 3], mediaType: .ociLayerTar)
        let path = directory.appending("blobs/sha256/\(descriptor.digest.hex)").string
        let outside = directory.string + "-outside"
        try Data([1, 2, 3]).write(to: URL(filePath: outside))
        defer { try? FileManager.default.removeItem(atPath: outside) }
        switch kind {
        case "symlink": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: outside)
        case "directory": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        default: #expect(mkfifo(path, 0o600) == 0)
        }
        await #expect(throws: (any Error).self) { try await layout.bytes(of: descriptor, in: repository) }
    }

    @Test func layoutWhoseBlobsLieElsewhereIsRefused() async throws {
        _ = try await OCILayout.create(directory)
        let blobs = directory.appending("blobs").string
        try FileManager.default.moveItem(atPath: blobs, toPath: directory.appending("other").string)
        try FileManager.default.createSymbolicLink(atPath: blobs, withDestinationPath: "other")
        let directory = directory
        await #expect(throws: (any Error).self) { try await OCILayout.open(directory) }
        await #expect(throws: (any Error).self) { try await OCILayout.create(directory) }
    }

    @Test(arguments: [nil, "{}", #"{"imageLayoutVersion":"2.0.0"}"#, "no json"])
    func directoryThatIsNoLayoutIsRefused(marker: String?) async throws {
        let directory = directory
        _ = try await OCILayout.create(directory)
        let path = directory.appending("oci-layout").string
        try FileManager.default.removeItem(atPath: path)
        try marker?.write(toFile: path, atomically: true, encoding: .utf8)
        await #expect(throws: (any Error).self) { try await OCILayout.open(directory) }
    }
}
