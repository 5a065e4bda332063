import Build
import Engine
import Linux
import OCI
import SystemPackage

/// Names, pushes and writes what a build made, as the options say.
struct BuildResults {
    let engine: Engine
    let plan: ResultPlan
    /// The time of archives' entries.
    let epoch: Int64
    let report: EventSink

    /// Returns what the names stand for: the target with its layers compressed as the first image asked for has them.
    func deliver(_ built: BuiltTarget) async throws -> BuiltTarget {
        let outputs = plan.outputs(of: built)
        let tags = plan.tags(of: built)
        for output in outputs where output.destination != nil {
            try await write(built, output, named: output.names.isEmpty ? tags : output.names)
        }
        let images = outputs.filter(\.isImage)
        if !images.contains(where: \.names.isEmpty) { try await name(built, tags, pushes: plan.pushes) }
        for output in images {
            let image = try await encoded(built, as: output)
            try await name(
                image, output.names.isEmpty ? tags : output.names, pushes: output.pushes || plan.pushes)
        }
        guard let first = images.first(where: \.names.isEmpty) ?? (tags.isEmpty ? images.first : nil) else {
            return built
        }
        return try await encoded(built, as: first)
    }

    private func name(_ target: BuiltTarget, _ references: [ImageReference], pushes: Bool) async throws {
        if pushes, !references.isEmpty {
            return try await engine.push(target, to: references) { report(.transfer($0)) }
        }
        for reference in references { try await engine.tag(target, as: reference) }
    }

    /// Layers that are compressed already cost a look at their record.
    private func encoded(_ target: BuiltTarget, as output: BuildOutput) async throws -> BuiltTarget {
        guard let encoding = output.encoding else { return target }
        return try await engine.encoded(target, as: encoding)
    }

    private func write(_ built: BuiltTarget, _ output: BuildOutput, named references: [ImageReference]) async throws {
        let destination = output.destination ?? "-"
        let path = FilePath(destination).absolute()
        let target = try await encoded(built, as: output)
        switch output.kind {
        case .oci where output.isDirectory: try await engine.writeLayout(target, named: references, to: path)
        case .oci, .docker:
            let flavour: ImageArchive.Flavour = output.kind == .oci ? .oci : .docker
            try await writing(output, path) { file in
                try await engine.archive(target, named: references, flavour: flavour, epoch: epoch, to: file)
            }
        case .tar: try await writing(output, path) { try await engine.exportTar(target, to: $0) }
        case .local: try await engine.exportDirectory(target, to: path)
        case .image, .registry, .cacheOnly: return
        }
        report(.transfer(Transfer(.export, name: destination, completed: target.size, total: nil, isFinished: true)))
    }

    /// The file appears under its name when it is complete.
    private func writing(
        _ output: BuildOutput, _ path: FilePath, _ body: (SharedDescriptor) async throws -> Void
    ) async throws {
        if output.writesToStandardOutput {
            return try await body(SharedDescriptor(try OwnedDescriptor.open("/dev/stdout", flags: OpenFlags.write)))
        }
        try await FileContents.replace(path, body)
    }
}
