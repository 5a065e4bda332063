package import OCI
package import Storage

/// Makes the documents of images out of plans and the layers they led to.
package struct ImageAssembler: Sendable {
    private let store: Store
    private let lease: Lease?

    /// `lease` keeps what the images need.
    package init(store: Store, lease: Lease? = nil) {
        self.store = store
        self.lease = lease
    }

    /// Compresses the build's own layers; those of the base keep the blobs their registry has, so that an image has one
    /// digest wherever it is built. `absent` are own layers that are not here, as the same compression made them. The
    /// documents are in the store when this returns.
    package func assemble(
        _ planned: PlannedImage, layers chain: LayerChain, absent: LayerOrigins = LayerOrigins(),
        compression: LayerCompression = .gzip
    ) async throws -> BuiltImage {
        let baseLayers = planned.base?.layers ?? []
        var layers: [BuiltImage.Layer] = []
        for (index, layer) in chain.layers.enumerated() {
            if index < baseLayers.count {
                layers.append(
                    .init(
                        diffID: layer, descriptor: Self.ociDescriptor(baseLayers[index]),
                        origin: planned.base?.reference.repository))
            } else if let origin = absent[layer] {
                layers.append(
                    .init(diffID: layer, descriptor: Self.ociDescriptor(origin.descriptor), origin: origin.repository))
            } else {
                layers.append(
                    .init(
                        diffID: layer, descriptor: try await store.layers.compressed(layer, as: compression),
                        origin: nil))
            }
        }
        let config = planned.config(with: chain).canonicalBytes
        try store.blobs.put(config)
        return try image(
            of: planned.target, config, layers, platform: planned.platform, annotations: planned.annotations)
    }

    /// The same image with other blobs for its layers, which must be in the store.
    package func encode(_ image: BuiltImage, as encoding: LayerEncoding) async throws -> BuiltImage {
        var layers = image.layers
        for (index, layer) in layers.enumerated() where layer.origin == nil || encoding.isForced {
            let blob = try await store.layers.compressed(layer.diffID, as: encoding.compression, level: encoding.level)
            layers[index] = .init(diffID: layer.diffID, descriptor: blob, origin: nil)
        }
        return try self.image(
            of: image.target, image.configBytes, layers, platform: image.platform, annotations: image.annotations)
    }

    private func image(
        of target: String, _ configBytes: [UInt8], _ layers: [BuiltImage.Layer], platform: Platform,
        annotations: [ImageAnnotation]
    ) throws -> BuiltImage {
        let config = Descriptor(of: configBytes, mediaType: .ociConfig)
        let manifest = RawManifest(
            bytes: ImageManifest(
                config: config, layers: layers.map(\.descriptor),
                annotations: annotations.values(in: .manifest, for: platform)
            ).canonicalBytes,
            mediaType: .ociManifest)
        try store.blobs.put(manifest.bytes)
        return BuiltImage(
            target: target, manifest: manifest, config: config, configBytes: configBytes, layers: layers,
            platform: platform, annotations: annotations, lease: lease)
    }

    /// The same blob under the name an OCI manifest gives its type.
    private static func ociDescriptor(_ descriptor: Descriptor) -> Descriptor {
        guard let compression = descriptor.mediaType.layerCompression else { return descriptor }
        return Descriptor(mediaType: compression.ociMediaType, digest: descriptor.digest, size: descriptor.size)
    }
}
