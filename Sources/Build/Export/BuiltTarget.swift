package import OCI

/// What a build made of one target: an image, or one image for each platform under an index.
package struct BuiltTarget: Sendable {
    /// The stage's name or number.
    package let name: String
    /// In the order the platforms were asked for; never empty.
    package let images: [BuiltImage]
    /// Names the images by platform; nil for a single image, which needs none.
    package let index: RawManifest?

    /// `images` are those of one target, at least one.
    package init(_ images: [BuiltImage]) {
        precondition(!images.isEmpty, "a target has an image")
        self.images = images
        name = images[0].target
        guard images.count > 1 else {
            index = nil
            return
        }
        let manifests = images.map { image in
            var descriptor = image.manifest.descriptor
            descriptor.platform = image.platform
            descriptor.annotations = image.annotations.values(in: .manifestDescriptor, for: image.platform)
            return descriptor
        }
        let annotations = images[0].annotations.values(in: .index, for: nil)
        index = RawManifest(
            bytes: ImageIndex(manifests: manifests, annotations: annotations).json.canonicalBytes, mediaType: .ociIndex)
    }

    /// An image with an index that is there already.
    package init(_ images: [BuiltImage], index: RawManifest) {
        self.images = images
        name = images.first?.target ?? ""
        self.index = index
    }

    /// Images of several targets and platforms, by target, in the order the targets first appear.
    package static func grouped(_ images: [BuiltImage]) -> [BuiltTarget] {
        var order: [String] = []
        var groups: [String: [BuiltImage]] = [:]
        for image in images {
            if groups[image.target] == nil { order.append(image.target) }
            groups[image.target, default: []].append(image)
        }
        return order.compactMap { groups[$0].map { BuiltTarget($0) } }
    }

    /// The document that a name stands for.
    package var root: RawManifest { index ?? images[0].manifest }

    /// What people and machines call the result.
    package var digest: Digest { root.descriptor.digest }

    /// Bytes a registry holds for it, each blob once.
    package var size: Int64 {
        var blobs: Set<Digest> = []
        var size = index?.descriptor.size ?? 0
        for image in images {
            for descriptor in [image.manifest.descriptor, image.config] + image.layers.map(\.descriptor)
            where blobs.insert(descriptor.digest).inserted {
                size += descriptor.size
            }
        }
        return size
    }
}
