import OCI

/// A small image made up of the given layers, which need not be tars.
struct SampleImage {
    let layers: [[UInt8]]
    let config: [UInt8]
    let manifest: RawManifest
    let descriptors: [Descriptor]
    let configDescriptor: Descriptor

    init(layers: [[UInt8]], platform: Platform = Platform(os: "linux", architecture: "amd64")) {
        self.layers = layers
        var config = ImageConfig(platform: platform)
        config.diffIDs = layers.map { DiffID(.of($0)) }
        self.config = config.canonicalBytes
        descriptors = layers.map { Descriptor(of: $0, mediaType: .ociLayerTar) }
        configDescriptor = Descriptor(of: self.config, mediaType: .ociConfig)
        manifest = RawManifest(
            bytes: ImageManifest(config: configDescriptor, layers: descriptors).canonicalBytes, mediaType: .ociManifest)
    }

    /// `count` bytes that do not repeat soon.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        let words = (0..<(count + 7) / 8).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
        return words.withUnsafeBytes { Array($0.prefix(count)) }
    }

    /// Puts blobs, manifest and tag, as a pusher does.
    func push(to destination: any ImageDestination, _ reference: ImageReference) async throws {
        for (bytes, descriptor) in zip(layers + [config], descriptors + [configDescriptor])
        where try await !destination.contains(descriptor, in: reference.repository) {
            try await destination.put(descriptor, .bytes(bytes), in: reference.repository)
        }
        try await destination.put(manifest, tag: reference.tag, in: reference.repository)
    }
}

extension ImageSource {
    func bytes(of descriptor: Descriptor, in repository: RepositoryName, from offset: Int64 = 0) async throws -> [UInt8]
    {
        try await blob(descriptor, in: repository, from: offset).collect(upTo: 1 << 30)
    }
}
