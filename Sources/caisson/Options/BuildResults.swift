import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

/// Writes images where `--output` says.
struct BuildResults {
    let engine: Engine
    let report: EventSink

    func write(
        _ target: BuiltTarget, _ outputs: [BuildOutput], named references: [ImageReference], epoch: Int64
    ) async throws {
        for output in outputs {
            switch output.kind {
            case .oci, .docker:
                let flavour: ImageArchive.Flavour = output.kind == .oci ? .oci : .docker
                try await writing(output) { file in
                    try await engine.archive(target, named: references, flavour: flavour, epoch: epoch, to: file)
                }
            case .tar: try await writing(output) { try await engine.exportTar(target, to: $0) }
            case .local: try await engine.exportDirectory(target, to: FilePath(output.destination).absolute())
            }
            report(
                .transfer(
                    Transfer(.export, name: output.destination, completed: target.size, total: nil, isFinished: true)))
        }
    }

    /// The file appears under its name when it is complete.
    private func writing(_ output: BuildOutput, _ body: (SharedDescriptor) async throws -> Void) async throws {
        if output.writesToStandardOutput {
            try await body(SharedDescriptor(try OwnedDescriptor.open("/dev/stdout", flags: OpenFlags.write)))
            return
        }
        let path = FilePath(output.destination).absolute()
        try await FileContents.replace(path, body)
    }
}
