import Build
import Dockerfile
import OCI
import caisson

/// Steps and images as a build would report them.
enum Example {
    static func steps(_ stage: String, _ count: Int) -> [Step] {
        let base = stage.utf8.reduce(0) { $0 &* 31 &+ Int($1) } % 1000 * 100
        return (1...count).map { index in
            let place = SourcePosition(line: index, column: 1)
            return Step(
                number: stage == "0" ? 9 + index : base + index, stage: stage, index: index, count: count,
                title: "RUN command \(index)", keyword: .run, range: SourceRange(start: place, end: place))
        }
    }

    static func image(_ target: String, size: Int64) -> BuiltImage {
        let manifest = RawManifest(bytes: Array("{}".utf8), mediaType: .ociManifest)
        let config = Descriptor(of: Array("{}".utf8), mediaType: .ociConfig)
        let layer = Descriptor(
            mediaType: .ociLayerTar, digest: Digest.of([1]), size: size - config.size - manifest.descriptor.size)
        return BuiltImage(
            target: target, manifest: manifest, config: config, configBytes: Array("{}".utf8),
            layers: [BuiltImage.Layer(diffID: DiffID(Digest.of([2])), descriptor: layer, origin: nil)],
            platform: .current)
    }
}

extension BuildView {
    mutating func finished(_ step: Step, isCached: Bool = false, size: Int64? = nil, at time: Duration) {
        let outcome = StepOutcome(isCached: isCached, reason: "", layer: nil, size: size, duration: .zero)
        receive(.stepFinished(step, outcome), at: time)
    }

    mutating func printed(_ step: Step, _ text: String, at time: Duration) {
        receive(.stepOutput(step, .standardOutput, Array(text.utf8)), at: time)
    }
}
