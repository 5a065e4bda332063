package import OCI

/// An image that a stage starts from or copies out of, known by its documents; its layers may still be elsewhere.
package struct BaseImage: Sendable {
    /// As the Dockerfile wrote it, normalised.
    package let reference: ImageReference
    package let manifest: Descriptor
    package let config: ImageConfig
    /// The layers' blobs, lowest first, as many as the config has diffIDs.
    package let layers: [Descriptor]

    package init(reference: ImageReference, manifest: Descriptor, config: ImageConfig, layers: [Descriptor]) {
        self.reference = reference
        self.manifest = manifest
        self.config = config
        self.layers = layers
    }
}

/// Finds images by reference; what FROM and `COPY --from` ask.
package protocol BaseImageResolver: Sendable {
    func resolve(_ reference: ImageReference, platform: Platform) async throws -> BaseImage
}
