/// A media type of the image specification or of Docker's image manifest version 2, schema 2.
package struct MediaType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package init(_ rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }

    package static let ociIndex = MediaType("application/vnd.oci.image.index.v1+json")
    package static let ociManifest = MediaType("application/vnd.oci.image.manifest.v1+json")
    package static let ociConfig = MediaType("application/vnd.oci.image.config.v1+json")
    package static let ociEmpty = MediaType("application/vnd.oci.empty.v1+json")
    package static let ociLayerTar = MediaType("application/vnd.oci.image.layer.v1.tar")
    package static let ociLayerGzip = MediaType("application/vnd.oci.image.layer.v1.tar+gzip")
    package static let ociLayerZstd = MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
    package static let dockerList = MediaType("application/vnd.docker.distribution.manifest.list.v2+json")
    package static let dockerManifest = MediaType("application/vnd.docker.distribution.manifest.v2+json")
    package static let dockerLayerGzip = MediaType("application/vnd.docker.image.rootfs.diff.tar.gzip")
    package static let dockerLayerTar = MediaType("application/vnd.docker.image.rootfs.diff.tar")

    /// What a manifest request accepts, most wanted first.
    package static let acceptedManifests = [ociIndex, ociManifest, dockerList, dockerManifest]

    package var isIndex: Bool { self == .ociIndex || self == .dockerList }

    package var isManifest: Bool { self == .ociManifest || self == .dockerManifest }

    /// Docker's first schema: signed, without a config; refused with a message of its own.
    package var isDockerSchema1: Bool { rawValue.hasPrefix("application/vnd.docker.distribution.manifest.v1+") }

    /// How the layer's tar is compressed; nil for what is not a layer of a file system.
    package var layerCompression: LayerCompression? {
        switch rawValue {
        case Self.ociLayerTar.rawValue, Self.dockerLayerTar.rawValue,
            "application/vnd.oci.image.layer.nondistributable.v1.tar":
            LayerCompression.none
        case Self.ociLayerGzip.rawValue, Self.dockerLayerGzip.rawValue,
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
            .gzip
        case Self.ociLayerZstd.rawValue, "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": .zstd
        default: nil
        }
    }
}

/// How a layer's tar is stored in a registry.
package enum LayerCompression: String, Hashable, Sendable, CaseIterable {
    case none
    case gzip
    case zstd

    package var ociMediaType: MediaType {
        switch self {
        case .none: .ociLayerTar
        case .gzip: .ociLayerGzip
        case .zstd: .ociLayerZstd
        }
    }
}
