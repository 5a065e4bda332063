package import OCI

/// A registry in memory, as strict as a real one: what is put is verified, a manifest's parts come before it.
package actor MemoryRegistry: ImageSource, ImageDestination {
    private struct Repository {
        var blobs: [Digest: [UInt8]] = [:]
        var manifests: [Digest: RawManifest] = [:]
        var tags: [String: Digest] = [:]
    }

    private var repositories: [RepositoryName: Repository] = [:]

    package init() {}

    package func resolve(_ reference: ImageReference) throws -> Descriptor {
        let repository = repositories[reference.repository]
        guard let digest = reference.digest ?? reference.tag.flatMap({ repository?.tags[$0] }),
            let manifest = repository?.manifests[digest]
        else { throw Self.missing("image `\(reference)`") }
        return manifest.descriptor
    }

    package func manifest(_ descriptor: Descriptor, in repository: RepositoryName) throws -> RawManifest {
        guard let manifest = repositories[repository]?.manifests[descriptor.digest] else {
            throw Self.missing("manifest `\(descriptor.digest)`")
        }
        return manifest
    }

    package func blob(
        _ descriptor: Descriptor, in repository: RepositoryName, from offset: Int64
    ) throws -> BlobStream {
        guard let bytes = repositories[repository]?.blobs[descriptor.digest] else {
            throw Self.missing("blob `\(descriptor.digest)`")
        }
        return BlobStream(of: bytes, from: offset)
    }

    package func contains(_ descriptor: Descriptor, in repository: RepositoryName) -> Bool {
        let found = repositories[repository]
        return found?.blobs[descriptor.digest] != nil || found?.manifests[descriptor.digest] != nil
    }

    package func mount(
        _ descriptor: Descriptor, from origin: RepositoryName, in repository: RepositoryName
    ) -> Bool {
        guard origin.registry == repository.registry, let bytes = repositories[origin]?.blobs[descriptor.digest] else {
            return false
        }
        repositories[repository, default: Repository()].blobs[descriptor.digest] = bytes
        return true
    }

    package func put(_ descriptor: Descriptor, _ content: BlobContent, in repository: RepositoryName) async throws {
        let bytes = try await content.bytes(upTo: Int(descriptor.size))
        guard Int64(bytes.count) == descriptor.size, Digest.of(bytes) == descriptor.digest else {
            throw OCIError(.contentMismatch, "content of blob `\(descriptor.digest)` does not have its digest and size")
        }
        repositories[repository, default: Repository()].blobs[descriptor.digest] = bytes
    }

    package func put(_ manifest: RawManifest, tag: String?, in repository: RepositoryName) throws {
        guard Digest.of(manifest.bytes) == manifest.descriptor.digest else {
            throw OCIError(.contentMismatch, "manifest `\(manifest.descriptor.digest)` does not have its digest")
        }
        for part in try ManifestParts(manifest).required where !contains(part, in: repository) {
            throw RegistryError(
                .blobUnknown, "manifest `\(manifest.descriptor.digest)` names the unknown part `\(part.digest)`")
        }
        repositories[repository, default: Repository()].manifests[manifest.descriptor.digest] = manifest
        if let tag { repositories[repository]?.tags[tag] = manifest.descriptor.digest }
    }

    private static func missing(_ what: String) -> OCIError {
        OCIError(.notFound, "the registry in memory has no \(what)")
    }
}
