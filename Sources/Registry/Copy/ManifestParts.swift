import OCI

/// What a manifest or index is made up of.
struct ManifestParts {
    /// Of an index.
    var manifests: [Descriptor] = []
    /// Config and layers of a manifest, each once.
    var blobs: [Descriptor] = []

    init(_ manifest: RawManifest) throws(OCIError) {
        if manifest.descriptor.mediaType.isIndex {
            manifests = try ImageIndex(parsing: manifest.bytes, servedAs: manifest.descriptor.mediaType).manifests
        } else {
            let image = try ImageManifest(parsing: manifest.bytes, servedAs: manifest.descriptor.mediaType)
            var seen: Set<Digest> = []
            blobs = ([image.config] + image.layers).filter { seen.insert($0.digest).inserted }
        }
    }

    /// What must exist before the manifest does: all but layers that registries do not keep.
    var required: [Descriptor] { manifests + blobs.filter { !$0.mediaType.isNondistributable } }
}

extension MediaType {
    /// A layer whose licence keeps it out of registries; Docker calls it foreign.
    var isNondistributable: Bool { rawValue.contains(".nondistributable.") || rawValue.contains(".foreign.") }
}
