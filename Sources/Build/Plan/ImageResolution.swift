internal import Dockerfile
internal import OCI

/// Finds all images that a build needs before it is planned, all at once, until no image's triggers ask for another.
struct ImageResolution {
    let targets: [Stage]
    let names: [SourceNames]
    let source: SourceText
    let resolver: any BaseImageResolver

    func images() async throws -> [ImageKey: BaseImage] {
        var images: [ImageKey: BaseImage] = [:]
        while true {
            var missing: [Request] = []
            var asked = Set(images.keys)
            for names in names {
                let reachable = try ReachableImages(from: targets, names, known: images)
                for (key, range) in reachable.references where asked.insert(key).inserted {
                    missing.append(try request(key, range, names))
                }
            }
            if missing.isEmpty { return images }
            for (key, image) in try await resolve(missing) { images[key] = image }
        }
    }

    private struct Request: Sendable {
        let key: ImageKey
        let range: SourceRange
        let reference: ImageReference
        let resolver: any BaseImageResolver
    }

    private func request(_ key: ImageKey, _ range: SourceRange, _ names: SourceNames) throws -> Request {
        if let (reference, resolver) = names.resolver(of: key) {
            return Request(key: key, range: range, reference: reference, resolver: resolver)
        }
        do {
            return Request(key: key, range: range, reference: try ImageReference(parsing: key.name), resolver: resolver)
        } catch {
            let unset = names.unsetVariables(ofFromAt: range).map { "`\($0)`" }
            throw PlanError(
                .error(
                    error.message, at: range,
                    hint: unset.isEmpty ? nil : "nothing sets \(unset.joined(separator: ", ")) before the first FROM"))
        }
    }

    private func resolve(_ requests: [Request]) async throws -> [(ImageKey, BaseImage)] {
        try await withThrowingTaskGroup(of: (ImageKey, BaseImage).self) { group in
            for request in requests { group.addTask { (request.key, try await image(request)) } }
            var images: [(ImageKey, BaseImage)] = []
            for try await image in group { images.append(image) }
            return images
        }
    }

    private func image(_ request: Request) async throws -> BaseImage {
        do { return try await request.resolver.resolve(request.reference, platform: request.key.platform) } catch {
            if error is CancellationError || error is BuildError { throw error }
            if let error = error as? OCIError, error.code == .noMatchingPlatform {
                throw PlanError(
                    .error(
                        "image `\(request.reference)` has \(error)", at: request.range,
                        hint: "choose one of them with --platform, or for this stage with `FROM --platform=…`"))
            }
            let start = request.range.start
            let meant = nearestStage(to: request.key.name).map { "; did you mean the stage or context `\($0)`?" } ?? ""
            throw BuildError.infrastructure("\(source.name):\(start.line):\(start.column): \(error)\(meant)")
        }
    }

    /// What a name that turned out to be no image may have been meant to be.
    private func nearestStage(to name: String) -> String? {
        let known = names.flatMap { names in names.dockerfile.stages.compactMap(\.name) + names.contexts.names }
        return Suggestion.nearest(to: name, among: known.filter { $0 != name })
    }
}
