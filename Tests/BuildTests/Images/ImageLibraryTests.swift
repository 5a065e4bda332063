import Build
import Engine
import Foundation
import OCI
import Registry
import Storage
import SystemPackage
import TestServers
import Testing

/// Images in a registry in memory, fetched into a store.
@Suite(.timeLimit(.minutes(1)))
struct ImageLibraryTests {
    private let repository = RepositoryName.example
    private let registry = MemoryRegistry()

    private func put(_ bytes: [UInt8], _ type: MediaType) async throws -> Descriptor {
        let descriptor = Descriptor(of: bytes, mediaType: type)
        try await registry.put(descriptor, .bytes(bytes), in: repository)
        return descriptor
    }

    private func manifest(
        _ layers: [[UInt8]], diffIDs: [Digest]? = nil, architecture: String = Platform.current.architecture,
        tag: String? = "1"
    ) async throws -> Descriptor {
        let ids = diffIDs ?? layers.map { Digest.of($0) }
        let config: JSON = [
            "architecture": .string(architecture), "os": "linux",
            "rootfs": ["type": "layers", "diff_ids": .array(ids.map { .string($0.description) })],
        ]
        var descriptors: [Descriptor] = []
        for layer in layers { descriptors.append(try await put(layer, .ociLayerTar)) }
        let raw = RawManifest(
            bytes: ImageManifest(config: try await put(config.canonicalBytes, .ociConfig), layers: descriptors)
                .canonicalBytes, mediaType: .ociManifest)
        try await registry.put(raw, tag: tag, in: repository)
        return raw.descriptor
    }

    private func reference(_ tag: String = "1") throws -> ImageReference {
        try ImageReference(parsing: "\(repository):\(tag)")
    }

    private static let layer = TarArchive.of { $0.add("a", content: "a") }

    @Test func anIndexGivesTheImageOfThePlatform() async throws {
        let shop = try await Workshop(hasBase: false)
        let library = ImageLibrary(store: shop.engine.store, source: registry)
        var own = try await manifest([Self.layer], tag: nil)
        own.platform = .current
        var foreign = try await manifest([TarArchive.of { $0.add("b") }], architecture: "s390x", tag: nil)
        foreign.platform = Platform(os: "linux", architecture: "s390x")
        let index = ImageIndex(manifests: [foreign, own])
        try await registry.put(
            RawManifest(bytes: index.json.canonicalBytes, mediaType: .ociIndex), tag: "1", in: repository)
        #expect(try await library.resolve(reference(), platform: .current).manifest.digest == own.digest)
        let other = try await library.resolve(reference(), platform: Platform(os: "linux", architecture: "s390x"))
        #expect(other.manifest.digest == foreign.digest)
        let error = await #expect(throws: (any Error).self) {
            try await library.resolve(reference(), platform: Platform(os: "linux", architecture: "riscv64"))
        }
        #expect("\(error!)".contains("riscv64"), "\(error!)")
    }

    @Test func layersAreFetchedOnceWhoeverAsks() async throws {
        let shop = try await Workshop(hasBase: false)
        let library = ImageLibrary(store: shop.engine.store, source: registry)
        _ = try await manifest([Self.layer])
        let image = try await library.resolve(reference(), platform: .current)
        let chain = LayerChain(image.config.diffIDs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { try await library.fetch(chain, origins: LayerOrigins(of: [image])) { _ in } }
            }
            try await group.waitForAll()
        }
        #expect(shop.engine.store.layers.contains(image.config.diffIDs[0]))
    }

    @Test func aConfigWithMoreOrFewerLayersIsRefused() async throws {
        let shop = try await Workshop(hasBase: false)
        let library = ImageLibrary(store: shop.engine.store, source: registry)
        _ = try await manifest([Self.layer], diffIDs: [])
        let error = await #expect(throws: OCIError.self) { try await library.resolve(reference(), platform: .current) }
        #expect(error?.description.contains("has 1 layers but its config lists 0") == true)
    }

    @Test func aLayerWithAnotherContentThanTheConfigSaysIsRefused() async throws {
        let shop = try await Workshop(hasBase: false)
        let library = ImageLibrary(store: shop.engine.store, source: registry)
        let promised = Digest.of([1, 2, 3])
        _ = try await manifest([Self.layer], diffIDs: [promised])
        let image = try await library.resolve(reference(), platform: .current)
        await #expect(throws: (any Error).self) {
            try await library.fetch(LayerChain(image.config.diffIDs), origins: LayerOrigins(of: [image])) { _ in }
        }
        #expect(!shop.engine.store.layers.contains(DiffID(promised)))
        #expect(!shop.engine.store.layers.contains(DiffID(Digest.of(Self.layer))))
    }

    @Test func aLayerWithAnotherDigestThanTheManifestSaysIsRefused() async throws {
        let shop = try await Workshop(hasBase: false)
        let source = LyingSource(registry: registry, layer: TarArchive.of { $0.add("evil") })
        let library = ImageLibrary(store: shop.engine.store, source: source)
        _ = try await manifest([Self.layer])
        let image = try await library.resolve(reference(), platform: .current)
        await #expect(throws: (any Error).self) {
            try await library.fetch(LayerChain(image.config.diffIDs), origins: LayerOrigins(of: [image])) { _ in }
        }
        #expect(try shop.engine.store.layers.all().isEmpty)
    }

    @Test func imagesOfTheFirstSchemaAreRefusedByName() async throws {
        let shop = try await Workshop(hasBase: false)
        let old = Array(#"{"schemaVersion":1,"name":"x","tag":"1","fsLayers":[],"history":[]}"#.utf8)
        let type = MediaType("application/vnd.docker.distribution.manifest.v1+prettyjws")
        let source = LyingSource(registry: registry, manifest: RawManifest(bytes: old, mediaType: type))
        let library = ImageLibrary(store: shop.engine.store, source: source)
        let error = await #expect(throws: (any Error).self) {
            try await library.resolve(reference(), platform: .current)
        }
        #expect("\(error!)".contains("schema"), "\(error!)")
    }
}

extension RepositoryName {
    fileprivate static var example: RepositoryName {
        get { try! ImageReference(parsing: "registry.example.org/team/app").repository }
    }
}

/// Gives another manifest or other layers than it was asked for.
private struct LyingSource: ImageSource {
    let registry: MemoryRegistry
    var manifest: RawManifest?
    var layer: [UInt8]?

    func resolve(_ reference: ImageReference) async throws -> Descriptor {
        if let manifest { return manifest.descriptor }
        return try await registry.resolve(reference)
    }

    func manifest(_ descriptor: Descriptor, in repository: RepositoryName) async throws -> RawManifest {
        if let manifest { return manifest }
        return try await registry.manifest(descriptor, in: repository)
    }

    func blob(_ descriptor: Descriptor, in repository: RepositoryName, from offset: Int64) async throws -> BlobStream {
        if let layer, descriptor.mediaType == .ociLayerTar { return .of(layer) }
        return try await registry.blob(descriptor, in: repository, from: offset)
    }
}
