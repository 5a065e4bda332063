import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

/// A value of `--output`.
struct BuildOutput {
    enum Kind: String, CaseIterable {
        case oci
        case docker
        case tar
        case local
    }

    let kind: Kind
    /// `-` is standard output.
    let destination: String

    var writesToStandardOutput: Bool { destination == "-" }

    /// `type=oci,dest=file`; a bare path means a directory, as other builders have it.
    init(parsing text: String) throws {
        guard text.contains("=") else {
            self.init(kind: text == "-" ? .tar : .local, destination: text)
            return
        }
        var fields: [String: String] = [:]
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw CommandFailure.usage("output `\(text)`: `\(field)` has no value") }
            fields[parts[0]] = parts[1]
        }
        let known = Kind.allCases.map(\.rawValue)
        let types = "the types are: " + known.joined(separator: ", ")
        guard let type = fields.removeValue(forKey: "type") else {
            throw CommandFailure.usage("output `\(text)` has no type", hint: types)
        }
        guard let kind = Kind(rawValue: type) else {
            throw CommandFailure.usage(
                "output `\(text)` has the unknown type `\(type)`",
                hint: Suggestion.hint(for: type, among: known) ?? types)
        }
        guard let destination = fields.removeValue(forKey: "dest") else {
            throw CommandFailure.usage("output `\(text)` needs dest=PATH")
        }
        if let unknown = fields.keys.sorted().first {
            throw CommandFailure.usage("output `\(text)` has an unknown field `\(unknown)`")
        }
        if kind == .local, destination == "-" {
            throw CommandFailure.usage("output `\(text)`: a directory cannot be standard output")
        }
        self.init(kind: kind, destination: destination)
    }

    /// Better now than after the build.
    func checkDestination() throws {
        guard kind != .local, !writesToStandardOutput else { return }
        let directory = FilePath(destination).absolute().removingLastComponent()
        guard FileContents.exists(directory) else {
            throw CommandFailure.usage("output `\(destination)`: there is no directory `\(directory)`")
        }
    }

    private init(kind: Kind, destination: String) {
        self.kind = kind
        self.destination = destination
    }
}

/// Writes images where `--output` says.
struct BuildResults {
    let engine: Engine
    let report: EventSink

    func write(_ image: BuiltImage, _ outputs: [BuildOutput], named references: [ImageReference], epoch: Int64)
        async throws
    {
        for output in outputs {
            switch output.kind {
            case .oci, .docker:
                let flavour: ImageArchive.Flavour = output.kind == .oci ? .oci : .docker
                try await writing(output) { file in
                    try await engine.archive(image, named: references, flavour: flavour, epoch: epoch, to: file)
                }
            case .tar: try await writing(output) { try await engine.exportTar(image, to: $0) }
            case .local: try await engine.exportDirectory(image, to: FilePath(output.destination).absolute())
            }
            report(
                .transfer(
                    Transfer(.export, name: output.destination, completed: image.size, total: nil, isFinished: true)))
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
