package import OCI
package import Storage

/// An image with all its documents; its layers lie in the store or, for those of the base, where the base came from.
package struct BuiltImage: Sendable {
    /// A layer as the manifest names it.
    package struct Layer: Hashable, Sendable {
        package let diffID: DiffID
        package let descriptor: Descriptor
        /// For a layer of the base image, or one that was left in a cache: the repository that has the blob.
        package let origin: RepositoryName?

        package init(diffID: DiffID, descriptor: Descriptor, origin: RepositoryName?) {
            self.diffID = diffID
            self.descriptor = descriptor
            self.origin = origin
        }
    }

    /// The stage's name or number.
    package let target: String
    package let manifest: RawManifest
    package let config: Descriptor
    package let configBytes: [UInt8]
    package let layers: [Layer]
    package let platform: Platform
    /// What an index is to say of it.
    let annotations: [ImageAnnotation]
    /// Keeps what the image needs in the store as long as somebody has the image in hand.
    package let lease: Lease?

    package init(
        target: String, manifest: RawManifest, config: Descriptor, configBytes: [UInt8], layers: [Layer],
        platform: Platform, annotations: [ImageAnnotation] = [], lease: Lease? = nil
    ) {
        self.target = target
        self.manifest = manifest
        self.config = config
        self.configBytes = configBytes
        self.layers = layers
        self.platform = platform
        self.annotations = annotations
        self.lease = lease
    }

    /// What people and machines call the image.
    package var digest: Digest { manifest.descriptor.digest }

    package var chain: LayerChain { LayerChain(layers.map(\.diffID)) }

    /// Bytes a registry holds for it, documents included.
    package var size: Int64 {
        layers.reduce(manifest.descriptor.size + config.size) { $0 + $1.descriptor.size }
    }
}
