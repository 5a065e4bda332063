import OCI
import Registry
import Synchronization
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ImageCopierTests {
    private let source = MemoryRegistry()
    private let destination = MemoryRegistry()
    private let reference = ImageReference(repository: RepositoryName(registry: "a.example.org", path: "app"), tag: "1")
    private let target = ImageReference(repository: RepositoryName(registry: "b.example.org", path: "copy"), tag: "2")

    private func index(_ images: [(SampleImage, Platform)]) async throws -> RawManifest {
        for (image, _) in images {
            try await image.push(to: source, ImageReference(repository: reference.repository))
        }
        let manifests = images.map { image, platform in
            var descriptor = image.manifest.descriptor
            descriptor.platform = platform
            return descriptor
        }
        let index = RawManifest(bytes: ImageIndex(manifests: manifests).canonicalBytes, mediaType: .ociIndex)
        try await source.put(index, tag: reference.tag, in: reference.repository)
        return index
    }

    @Test func everyManifestOfAnIndexIsCopied() async throws {
        let platforms = ["amd64", "arm64"].map { Platform(os: "linux", architecture: $0) }
        let images = platforms.map { SampleImage(layers: [[1], Array($0.architecture.utf8)], platform: $0) }
        let index = try await index(Array(zip(images, platforms)))
        let events = Mutex<[ImageCopier.Event]>([])
        let copier = ImageCopier(from: source, to: destination) { event in events.withLock { $0.append(event) } }
        #expect(try await copier.copy(reference, to: target).digest == index.descriptor.digest)
        #expect(try await destination.resolve(target) == index.descriptor)
        for image in images {
            #expect(try await destination.manifest(image.manifest.descriptor, in: target.repository) == image.manifest)
            #expect(try await destination.bytes(of: image.descriptors[1], in: target.repository) == image.layers[1])
        }
        let manifests = events.withLock { $0.filter { if case .manifest = $0 { true } else { false } } }
        #expect(manifests.count == 3 && manifests.last == .manifest(index.descriptor, tag: "2"))
        #expect(events.withLock { $0.contains(.exists(images[0].descriptors[0])) })
    }

    @Test func onePlatformIsCopiedAlone() async throws {
        let platforms = ["amd64", "arm64"].map { Platform(os: "linux", architecture: $0) }
        let images = platforms.map { SampleImage(layers: [Array($0.architecture.utf8)], platform: $0) }
        _ = try await index(Array(zip(images, platforms)))
        try await ImageCopier(from: source, to: destination).copy(reference, to: target, platform: platforms[1])
        #expect(try await destination.resolve(target).digest == images[1].manifest.descriptor.digest)
        #expect(await !destination.contains(images[0].manifest.descriptor, in: target.repository))
    }

    @Test func blobsOfTheSameRegistryAreMounted() async throws {
        let image = SampleImage(layers: [[1], [2]])
        try await image.push(to: source, reference)
        let events = Mutex<[ImageCopier.Event]>([])
        let copier = ImageCopier(from: source, to: source) { event in events.withLock { $0.append(event) } }
        let sibling = ImageReference(repository: RepositoryName(registry: "a.example.org", path: "other"), tag: "1")
        try await copier.copy(reference, to: sibling)
        #expect(events.withLock { $0.count { if case .mounted = $0 { true } else { false } } } == 3)
        #expect(events.withLock { !$0.contains { if case .transferred = $0 { true } else { false } } })
    }

    @Test func wrongContentIsNotCopied() async throws {
        let image = SampleImage(layers: [SampleImage.bytes(100_000)])
        let flipped = image.layers[0].map { $0 ^ 1 }
        let registry = try ScriptedRegistry { request, _ in
            if request.path.contains("/manifests/") {
                return .manifest(image.manifest, isHead: request.method == "HEAD")
            }
            return .answer(
                200, body: request.path.hasSuffix(image.configDescriptor.digest.hex) ? image.config : flipped)
        }
        await #expect {
            try await ImageCopier(from: registry.client, to: destination).copy(registry.reference, to: target)
        } throws: {
            ($0 as? OCIError)?.code == .contentMismatch
        }
        await #expect(throws: OCIError.self) { try await destination.resolve(target) }
    }

    @Test func blobThatTheRegistryLostIsSentAgainOnce() async throws {
        let image = SampleImage(layers: [[1]])
        try await image.push(to: source, reference)
        let registry = try ScriptedRegistry { request, number in
            switch request.method {
            case "HEAD": .headOnly(200, [])
            case "POST": .answer(202, [("Location", "/upload")])
            case "PUT" where request.path.contains("/manifests/") && number < 5:
                .error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
            default: .answer(201)
            }
        }
        try await ImageCopier(from: source, to: registry.client).copy(reference, to: registry.reference)
        #expect(registry.server.requests.count { $0.path == "/upload" } == 2)
    }

    @Test func nestedIndexesEndSomewhere() async throws {
        var inner = SampleImage(layers: []).manifest
        try await SampleImage(layers: []).push(to: source, reference)
        for _ in 0..<10 {
            inner = RawManifest(bytes: ImageIndex(manifests: [inner.descriptor]).canonicalBytes, mediaType: .ociIndex)
            try await source.put(inner, tag: reference.tag, in: reference.repository)
        }
        await #expect { try await ImageCopier(from: source, to: destination).copy(reference, to: target) } throws: {
            ($0 as? OCIError)?.code == .invalidDocument
        }
    }

    @Test func registryInMemoryWantsPartsBeforeManifests() async throws {
        await #expect {
            try await destination.put(SampleImage(layers: [[1]]).manifest, tag: "1", in: target.repository)
        } throws: {
            ($0 as? RegistryError)?.code == .blobUnknown
        }
    }
}
