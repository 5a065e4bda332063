package import OCI

/// What one run of a pipeline builds, checks and pushes: the file with all variables filled in.
package struct RunPlan: Sendable, Hashable {
    package let dockerfile: String
    package let context: String
    package let arguments: [BuildArgument]
    package var network: NetworkMode
    /// `SOURCE_DATE_EPOCH` of the build, in seconds since 1970.
    package let epoch: Int64
    package let checks: [Check]
    package let images: [PlannedImage]
    package let limits: Limits
}

package struct BuildArgument: Sendable, Hashable {
    package let name: String
    package let value: String
}

/// An image to build; pushed under every one of `tags`, or built only when there is none for the run's trigger.
package struct PlannedImage: Sendable, Hashable {
    package let name: String
    /// The Dockerfile stage; nil: the last.
    package let target: String?
    package let repository: RepositoryName
    package let tags: [String]

    package var references: [ImageReference] { tags.map { ImageReference(repository: repository, tag: $0) } }
}

extension PipelineFile {
    /// Fills in the variables; fails before anything is built when a tag would come out unfit for a registry.
    package func plan(for context: RunContext) throws(PipelineError) -> RunPlan {
        var arguments: [BuildArgument] = []
        for argument in build.arguments {
            let value = try context.expand(argument.value)
            arguments.append(BuildArgument(name: argument.name, value: value ?? ""))
        }
        var planned: [PlannedImage] = []
        for image in images {
            let templates = image.tags.first { $0.trigger == context.trigger }?.templates ?? []
            planned.append(
                PlannedImage(
                    name: image.name, target: image.target, repository: image.repository,
                    tags: try Self.tags(from: templates, in: context)))
        }
        let epoch: Int64 =
            switch build.epoch {
            case .commit: context.commitTime
            case .fixed(let seconds): seconds
            }
        return RunPlan(
            dockerfile: build.dockerfile, context: build.context, arguments: arguments, network: build.network,
            epoch: epoch, checks: checks, images: planned, limits: limits)
    }

    private static func tags(from templates: [Template], in context: RunContext) throws(PipelineError) -> [String] {
        var tags: [String] = []
        for template in templates {
            guard let tag = try context.expand(template) else { continue }
            guard ImageReference.isTag(tag) else {
                let remedy = template.variables.contains(.branch) ? "; `${branch.slug}` always is" : ""
                throw PipelineError(.invalidTag, "`\(tag)`, made from `\(template)`, is not a valid image tag\(remedy)")
            }
            if !tags.contains(tag) { tags.append(tag) }
        }
        return tags
    }
}
