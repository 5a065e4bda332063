internal import Dockerfile
internal import OCI

/// An image for a platform, by the name that the file gives it.
struct ImageKey: Hashable, Sendable {
    let name: String
    let platform: Platform
}

/// What a name in FROM, `COPY --from=` or a mount's `from=` stands for.
enum NamedSource {
    case scratch
    case stage(Stage)
    /// Files given with `--build-context`.
    case files(name: String, any BuildContext)
    case image(ImageKey)
}

/// Looks names up for one target platform: stages, then named contexts, then images. A named context takes the place of
/// the stage or the image that has its name.
struct SourceNames: Sendable {
    let dockerfile: DockerfileStages
    let contexts: NamedContexts
    let globals: GlobalArguments
    let platform: Platform

    /// What the stage starts from.
    func base(of stage: Stage) throws -> NamedSource {
        let name = try globals.resolve(stage.from).image
        if let parent = dockerfile.stage(named: name, before: stage.index) { return .stage(parent) }
        if name == "scratch" { return .scratch }
        return named(name, on: try explicitPlatform(of: stage) ?? platform)
    }

    /// The variables without value in the image of the FROM that stands there.
    func unsetVariables(ofFromAt range: SourceRange) -> [String] {
        guard let image = dockerfile.stages.first(where: { $0.from.image.range == range })?.from.image else {
            return []
        }
        return (try? dockerfile.expander.expansion(image.text) { globals[$0] })?.unset ?? []
    }

    /// What stands in for the whole stage, its instructions included.
    func replacement(of stage: Stage) throws -> NamedSource? {
        guard let name = stage.name, let context = contexts.stage(name) else { return nil }
        return source(context, name, on: try explicitPlatform(of: stage) ?? platform)
    }

    /// What is copied or mounted from. Only COPY knows stages by number.
    func source(_ name: String, before stage: Stage, allowsNumber: Bool) -> NamedSource {
        let found =
            allowsNumber
            ? dockerfile.stage(name, before: stage.index) : dockerfile.stage(named: name, before: stage.index)
        if let found { return .stage(found) }
        if name == "scratch" { return .scratch }
        return named(name, on: platform)
    }

    /// `--platform` of the stage's FROM.
    func explicitPlatform(of stage: Stage) throws -> Platform? {
        guard let text = try globals.resolve(stage.from).platform, let flag = stage.from.platform else { return nil }
        do { return try Platform(parsing: text) } catch {
            throw PlanError(.error(error.message, at: flag.range, hint: "write --platform=linux/amd64"))
        }
    }

    /// Where an image is asked for, and by which name.
    func resolver(of key: ImageKey) -> (ImageReference, any BaseImageResolver)? {
        guard case .image(let reference, let resolver)? = contexts.image(key.name, platform: key.platform) else {
            guard case .image(let reference, let resolver)? = contexts.stage(key.name) else { return nil }
            return (reference, resolver)
        }
        return (reference, resolver)
    }

    private func named(_ name: String, on platform: Platform) -> NamedSource {
        guard let context = contexts.image(name, platform: platform) else {
            return .image(ImageKey(name: name, platform: platform))
        }
        return source(context, name, on: platform)
    }

    private func source(_ context: NamedContext, _ name: String, on platform: Platform) -> NamedSource {
        switch context {
        case .scratch: .scratch
        case .files(let files): .files(name: name, files)
        case .image: .image(ImageKey(name: name, platform: platform))
        }
    }
}
