/// A manifest or index as it was received: its digest is of exactly these bytes.
package struct RawManifest: Hashable, Sendable {
    package let descriptor: Descriptor
    package let bytes: [UInt8]

    /// `bytes` must have the digest and size of `descriptor`; the caller has checked.
    package init(descriptor: Descriptor, bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    package init(bytes: [UInt8], mediaType: MediaType) {
        self.init(descriptor: Descriptor(of: bytes, mediaType: mediaType), bytes: bytes)
    }
}

/// Where images come from: a registry, an OCI layout, memory.
///
/// Content is verified by whoever keeps it (the store verifies while writing), except manifests, which a source
/// returns only when their bytes have the digest asked for. Calls may run concurrently.
package protocol ImageSource: Sendable {
    /// What `reference` names now: one round trip, no content. Throws `OCIError(.notFound)` for an unknown name.
    func resolve(_ reference: ImageReference) async throws -> Descriptor

    /// The manifest or index with `descriptor`'s digest.
    func manifest(_ descriptor: Descriptor, in repository: RepositoryName) async throws -> RawManifest

    /// The bytes of a blob from `offset` on. A transfer that breaks is resumed by the source where it can.
    func blob(_ descriptor: Descriptor, in repository: RepositoryName, from offset: Int64) async throws -> BlobStream
}

/// Where images go to. Blobs first, then manifests (children before their index), the tag last.
package protocol ImageDestination: Sendable {
    func contains(_ descriptor: Descriptor, in repository: RepositoryName) async throws -> Bool

    /// Makes a blob of another repository of the same registry available without a transfer; false if the
    /// destination declines, which is not an error.
    func mount(_ descriptor: Descriptor, from origin: RepositoryName, in repository: RepositoryName) async throws
        -> Bool

    func put(_ descriptor: Descriptor, _ content: BlobContent, in repository: RepositoryName) async throws

    /// Stores a manifest by its digest, or by `tag`.
    func put(_ manifest: RawManifest, tag: String?, in repository: RepositoryName) async throws
}
