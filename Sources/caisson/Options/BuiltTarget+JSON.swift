import Build
import OCI

extension BuiltTarget {
    /// What `--json` prints: of one platform its image, of several the index with all images.
    func json(named references: [ImageReference]) -> JSON {
        guard index != nil else { return images[0].json(named: references) }
        return [
            "target": .string(name), "digest": .string(digest.description), "size": .integer(size),
            "tags": .array(references.map { .string($0.description) }),
            "images": .array(images.map { $0.json(named: []) }),
        ]
    }
}

extension BuiltImage {
    func json(named references: [ImageReference]) -> JSON {
        [
            "target": .string(target), "digest": .string(digest.description),
            "config": .string(config.digest.description), "size": .integer(size),
            "platform": .string(platform.description), "tags": .array(references.map { .string($0.description) }),
            "layers": .array(
                layers.map { layer in
                    [
                        "diffID": .string(layer.diffID.description),
                        "digest": .string(layer.descriptor.digest.description),
                        "size": .integer(layer.descriptor.size),
                    ]
                }),
        ]
    }
}
