import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

/// A directory on this machine with its Dockerfile and ignore file.
struct LocalSource {
    let directory: FilePath
    let dockerfile: DockerfileStages
    private let ignore: IgnoreFile

    init(context: String, file: String?) throws {
        guard !context.contains("://"), context != "-" else {
            throw CommandFailure.usage(
                "`\(context)`: a build context must be a directory, others are not supported yet")
        }
        directory = FilePath(context).absolute()
        let isStream = file == "-"
        let path = isStream ? "/dev/stdin" : Self.dockerfile(file, in: directory)
        let bytes: [UInt8]
        do { bytes = try FileContents.read(path, limit: 16 << 20) } catch {
            throw CommandFailure.usage(
                "\(error)", hint: "name the Dockerfile with --file, or the directory that holds it")
        }
        dockerfile = DockerfileStages(DockerfileParser.parse(bytes, name: isStream ? "Dockerfile" : Self.shown(path)))
        ignore = try Self.ignore(path, in: directory)
        if ignore.diagnostics.hasErrors {
            throw BuildError.dockerfile(ignore.diagnostics, in: ignore.source)
        }
    }

    private static func dockerfile(_ file: String?, in directory: FilePath) -> FilePath {
        if let file { return FilePath(file).absolute() }
        let usual = directory.appending("Dockerfile")
        let lower = directory.appending("dockerfile")
        return !FileContents.exists(usual) && FileContents.exists(lower) ? lower : usual
    }

    /// As people typed or would type it.
    private static func shown(_ path: FilePath) -> String {
        let here = WorkingDirectory.path
        var path = path
        _ = path.removePrefix(here)
        return path.string
    }

    /// The Dockerfile's own ignore file wins entirely over the context's.
    private static func ignore(_ dockerfile: FilePath, in directory: FilePath) throws -> IgnoreFile {
        let own = FilePath(dockerfile.string + ".dockerignore")
        let path = FileContents.exists(own) ? own : directory.appending(".dockerignore")
        guard FileContents.exists(path) else { return IgnoreFile([], name: ".dockerignore") }
        return IgnoreFile(try FileContents.read(path, limit: 1 << 20), name: path.lastComponent?.string ?? path.string)
    }

    func request(
        targets: [String], arguments: [String: String], labels: [String: String], platforms: [Platform],
        network: RunOperation.Network, epoch: String, usesCache: Bool
    ) async throws -> BuildRequest {
        let context = try DirectoryContext(directory, ignore: ignore)
        let environment = ProcessEnvironment.variables()
        var fixed: Int64?
        if epoch != "auto" {
            guard let seconds = Int64(epoch), seconds >= 0 else {
                throw CommandFailure.usage("epoch `\(epoch)` is neither auto nor a number of seconds")
            }
            fixed = seconds
        }
        var created =
            fixed ?? WorkTree.commitTime(of: directory) ?? environment["SOURCE_DATE_EPOCH"].flatMap(Int64.init)
        if created == nil { created = try await context.newestModification() }
        return BuildRequest(
            dockerfile: dockerfile, context: context, targets: targets, buildArguments: arguments, labels: labels,
            platforms: platforms, network: network, epoch: fixed, created: created ?? 0, usesCache: usesCache)
    }
}
