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
    private static let linkLimit = 8

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

    /// nil if there is no such file. Links are followed inside the commit.
    private static func read(_ path: String, _ id: CommitID, _ mirror: GitMirror, limit: Int) async throws -> [UInt8]? {
        var path = path
        for _ in 0..<Self.linkLimit {
            guard let entry = try await mirror.entry(path, of: id) else { return nil }
            switch entry.kind {
            case .file, .executable: return try await mirror.blob(entry.id, limit: limit)
            case .symbolicLink:
                let target = String(decoding: try await mirror.blob(entry.id, limit: 1 << 16), as: UTF8.self)
                guard let next = Self.place(target, from: path) else { return nil }
                path = next
            case .directory, .submodule: return nil
            }
        }
        return nil
    }

    /// Where the link at `path` leads; nil if that is no place in the commit.
    private static func place(_ target: String, from path: String) -> String? {
        guard !target.hasPrefix("/") else { return nil }
        var components = Array(path.split(separator: "/").dropLast())
        for component in target.split(separator: "/") where component != "." {
            if component != ".." {
                components.append(component)
            } else if components.popLast() == nil {
                return nil
            }
        }
        return components.joined(separator: "/")
    }

    private static func cleaned(_ path: String) -> String { EntryPath(path)?.description ?? path }
}
