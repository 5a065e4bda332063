import Archive
package import Build
package import Dockerfile
package import Git
import Storage
import SystemPackage

/// What a build takes from a commit: the Dockerfile and the context, read from the mirror without a checkout.
package struct CommitSource: Sendable {
    package let commit: GitCommit
    package let dockerfile: DockerfileStages
    package let context: any BuildContext
    /// What applies to the context.
    package let ignore: IgnoreFile

    private static let dockerfileLimit = 16 << 20
    private static let ignoreLimit = 1 << 20

    /// `dockerfile` and `context` are paths from the repository's root. The commit must be in the mirror. Throws
    /// `BuildError.request` for paths that are not there.
    package init(_ id: CommitID, in mirror: GitMirror, dockerfile: String, context: String) async throws {
        commit = try await mirror.commit(id)
        let name = Self.cleaned(dockerfile)
        guard let file = try await Self.read(name, id, mirror, limit: Self.dockerfileLimit) else {
            throw BuildError.request("commit \(id.short) has no file `\(name)`")
        }
        self.dockerfile = DockerfileStages(DockerfileParser.parse(file, name: name))
        let directory = Self.cleaned(context)
        let own = name + ".dockerignore"
        let shared = directory.isEmpty ? ".dockerignore" : directory + "/.dockerignore"
        var ignore = IgnoreFile([], name: ".dockerignore")
        for candidate in [own, shared] {
            guard let bytes = try await Self.read(candidate, id, mirror, limit: Self.ignoreLimit) else { continue }
            ignore = IgnoreFile(bytes, name: candidate)
            break
        }
        if ignore.diagnostics.hasErrors { throw BuildError.dockerfile(ignore.diagnostics, in: ignore.source) }
        if !directory.isEmpty {
            guard let entry = try await mirror.entry(directory, of: id), entry.kind == .directory else {
                throw BuildError.request("commit \(id.short) has no directory `\(directory)`")
            }
        }
        let tree = try await mirror.tree(of: id, at: directory)
        self.ignore = ignore
        self.context = FilteredContext(try GitContext([GitContext.Part(tree, mirror: mirror.path)]), ignore: ignore)
    }

    /// nil if there is no such file.
    private static func read(_ path: String, _ id: CommitID, _ mirror: GitMirror, limit: Int) async throws -> [UInt8]? {
        guard let entry = try await mirror.entry(path, of: id), entry.kind == .file || entry.kind == .executable else {
            return nil
        }
        return try await mirror.blob(entry.id, limit: limit)
    }

    private static func cleaned(_ path: String) -> String { EntryPath(path)?.description ?? path }
}
