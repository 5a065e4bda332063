import Build
import Dockerfile
import OCI

extension BuiltTarget {
    /// What `--json` prints: of one platform its image, of several the index with all images. `log` knows what became of
    /// the steps.
    func json(named references: [ImageReference], _ log: StepLog) -> JSON {
        guard index != nil else { return images[0].json(named: references, log) }
        return [
            "target": .string(name), "digest": .string(digest.description), "size": .integer(size),
            "tags": .array(references.map { .string($0.description) }),
            "images": .array(images.map { $0.json(named: [], log) }),
        ]
    }
}

extension BuiltImage {
    fileprivate func json(named references: [ImageReference], _ log: StepLog) -> JSON {
        [
            "target": .string(target), "digest": .string(digest.description),
            "config": .string(config.digest.description), "size": .integer(size),
            "platform": .string(platform.description), "tags": .array(references.map { .string($0.description) }),
            "layers": .array(layerDocuments(log)),
        ]
    }

    /// The instruction of a layer is in the history; where it stands only a step of this build knows.
    private func layerDocuments(_ log: StepLog) -> [JSON] {
        let history = (try? ImageConfig(parsing: configBytes))?.history ?? []
        let instructions = history.filter { !$0.isEmptyLayer }.map(\.createdBy)
        var steps = log.entries.filter { $0.step.platform == nil || $0.step.platform == platform }
        return layers.enumerated().map { position, layer in
            // Two steps may have made the same layer: each has its turn, in the order of the file.
            let step = steps.firstIndex { $0.outcome.layer == layer.diffID }.map { steps.remove(at: $0).step }
            let instruction = position < instructions.count ? instructions[position] : nil
            return [
                "diffID": .string(layer.diffID.description), "digest": .string(layer.descriptor.digest.description),
                "size": .integer(layer.descriptor.size), "instruction": instruction.map(JSON.string),
                "line": step.map { .integer(Int64($0.range.firstLine)) },
            ]
        }
    }
}
