internal import Dockerfile
internal import OCI

/// Finds all images that a build needs before it is planned, all at once, until no image's triggers ask for another.
struct ImageResolution {
    let targets: [Stage]
    let names: [SourceNames]
    let resolver: any BaseImageResolver

    func images() async throws -> [ImageKey: BaseImage] { try await images { throw $0 } }

    /// The images that can be had. `miss` learns why another cannot, and ends it all by throwing.
    func images(missing miss: (any Error) throws -> Void) async throws -> [ImageKey: BaseImage] {
        var images: [ImageKey: BaseImage] = [:]
        var asked: Set<ImageKey> = []
        while true {
            var requests: [Request] = []
            for names in names {
                let reachable = try ReachableImages(from: targets, names, known: images)
                for (key, range) in reachable.references where asked.insert(key).inserted {
                    do { requests.append(try request(key, range, names)) } catch { try miss(error) }
                }
            }
            if requests.isEmpty { return images }
            try await withThrowingTaskGroup(of: (ImageKey, Result<BaseImage, any Error>).self) { group in
                for request in requests { group.addTask { (request.key, await result(of: request)) } }
                for try await (key, result) in group {
                    do { images[key] = try result.get() } catch { try miss(error) }
                }
            }
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

    private func result(of request: Request) async -> Result<BaseImage, any Error> {
        do { return .success(try await image(request)) } catch { return .failure(error) }
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
            throw MissingImage(diagnostic: .error("\(error)", at: request.range, hint: hint(for: request.key.name)))
        }
    }

    /// What a name that turned out to be no image may have been meant to be.
    private func hint(for name: String) -> String? {
        if Int(name) != nil { return numberHint(for: name) }
        let known = names.flatMap { names in names.dockerfile.stages.compactMap(\.name) + names.contexts.names }
        let near = Suggestion.nearest(to: name, among: known.filter { $0 != name })
        return near.map { "did you mean the stage or context `\($0)`?" }
    }

    private func numberHint(for name: String) -> String {
        let rule = "only COPY --from knows stages by number, elsewhere `\(name)` is an image"
        guard let stage = names.first?.dockerfile.stage(name), let own = stage.name else {
            return "\(rule): name the stage with `FROM … AS name` and use that name"
        }
        return "\(rule): stage \(name) is called `\(own)`"
    }
}

/// An image that its registry does not have, or that cannot be asked for.
struct MissingImage: Error {
    /// At the place that names it.
    let diagnostic: Diagnostic
}
