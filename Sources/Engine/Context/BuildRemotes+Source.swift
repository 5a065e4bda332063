import Archive
import Build
import Dockerfile
import Git
import HTTP
import Linux
import OCI
import Storage
import SystemPackage

/// Contexts of all kinds with their Dockerfiles. What the author of a build can mend is a `BuildError.request`.
extension BuildRemotes {
    private static let dockerfileLimit = 16 << 20
    private static let ignoreLimit = 1 << 20
    /// Of an archive, unpacked.
    private static let archiveLimit: Int64 = 64 << 30

    /// `keepsGitDirectory` asks for the `.git` of a repository's commit, or of a directory that is a clone.
    package func source(
        _ origin: ContextOrigin, dockerfile: DockerfileOrigin = .usual, keepsGitDirectory: Bool = false
    ) async throws -> BuildSource {
        try await Self.asRequest {
            switch origin {
            case .directory(let path): return try await self.source(in: path, dockerfile, keepsGitDirectory)
            case .file(let path): return try await self.source(of: path, dockerfile, keepsGitDirectory)
            case .repository(let address):
                self.git.trust(address)
                let fetched = try await self.git.fetch(address)
                let context = try await self.git.context(
                    of: fetched, address, keepsGitDirectory: keepsGitDirectory)
                return try await self.source(
                    in: context, dockerfile, commitTime: fetched.commit.commitTime, called: "\(address)")
            case .url(let url):
                let file = try await self.downloads.file(at: url)
                return try await self.source(in: file, dockerfile, called: "\(url)")
            case .stream(let stream):
                let kept = try await self.store.blobs.keep(stream, limit: Self.archiveLimit)
                let file = Downloads.File(digest: kept.digest, size: kept.size)
                return try await self.source(in: file, dockerfile, called: "Dockerfile")
            }
        }
    }

    /// Errors of servers as those of a request for a build.
    static func asRequest<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as RemoteSourceError {
            let text = error.message + (error.hint.map { "; \($0)" } ?? "")
            throw error.isInfrastructure ? BuildError.infrastructure(text) : BuildError.request(text)
        }
    }

    // MARK: Files that came as one

    private func source(
        in file: Downloads.File, _ dockerfile: DockerfileOrigin, called name: String
    ) async throws -> BuildSource {
        if let archive = try await archive(file) {
            return try await source(
                in: archive, dockerfile, newestModification: file.modified ?? archive.newestModification,
                called: "the archive")
        }
        try await checkIsText(file, called: name)
        guard case .usual = dockerfile else {
            throw BuildError.request("`\(name)` is no archive, so it is the Dockerfile: name no other one")
        }
        let bytes = try await BlockingThread(label: "dockerfile").run { [store] in
            try store.blobs.read(file.digest, limit: Self.dockerfileLimit)
        }
        return BuildSource(
            Self.parse(bytes, name: name), EmptyContext(), ignore: IgnoreFile([], name: ".dockerignore"),
            newestModification: { file.modified })
    }

    private func source(
        of path: FilePath, _ dockerfile: DockerfileOrigin, _ keepsGitDirectory: Bool
    ) async throws -> BuildSource {
        if let archive = try await archive(at: path) {
            return try await source(
                in: archive, dockerfile, newestModification: archive.newestModification, called: "`\(path)`")
        }
        guard case .usual = dockerfile else {
            throw BuildError.request("`\(path)` cannot be a build context: it is neither a directory nor an archive")
        }
        return try await source(in: path.removingLastComponent(), .path(path.string), keepsGitDirectory)
    }

    /// The archive that a file of this machine is; nil for any other file.
    func archive(at path: FilePath) async throws -> ArchiveContext? {
        guard try await isArchive(path) else { return nil }
        let kept = try await store.blobs.keep(try BlobStream(streaming: path), limit: Self.archiveLimit)
        return try await archive(Downloads.File(digest: kept.digest, size: kept.size))
    }

    private func isArchive(_ path: FilePath) async throws -> Bool {
        let start = try await BlockingThread(label: "archive").run {
            try SharedDescriptor(try OwnedDescriptor.open(path)).read(upTo: TarReader.detectionLength, at: 0)
        }
        return TarReader.isArchive(startingWith: start)
    }

    /// The file as an archive; nil if it is none.
    func archive(_ file: Downloads.File) async throws -> ArchiveContext? {
        guard try await isArchive(store.blobs.path(of: file.digest)) else { return nil }
        let descriptor = Descriptor(mediaType: .ociLayerTar, digest: file.digest, size: file.size)
        do {
            let layer = try await store.layers.ingest(
                try store.blobs.stream(file.digest), descriptor: descriptor, keepsBlob: false,
                stopsAtEnd: true, sizeLimit: Self.archiveLimit)
            return try await BlockingThread(label: "archive").run { [store] in
                try ArchiveContext(layer.diffID, in: store)
            }
        } catch let error as StorageError where error.code == .invalidLayer || error.code == .limit {
            let reason = error.cause.map { "\($0)" } ?? error.message
            throw BuildError.request("the archive cannot be a build context: \(reason)")
        }
    }

    /// What is compressed, and no archive, is no Dockerfile either.
    private func checkIsText(_ file: Downloads.File, called name: String) async throws {
        let path = store.blobs.path(of: file.digest)
        let start = try await BlockingThread(label: "archive").run {
            try SharedDescriptor(try OwnedDescriptor.open(path)).read(upTo: CompressionFormat.magicLength, at: 0)
        }
        let format = CompressionFormat(sniffing: start[...])
        guard format != .none else { return }
        throw BuildError.request(
            "`\(name)` is neither an archive nor a Dockerfile: it is \(format.rawValue) without a tar in it")
    }

    // MARK: Trees

    private func source(
        in context: any BuildContext, _ dockerfile: DockerfileOrigin, commitTime: Int64? = nil,
        newestModification: Int64? = nil, called name: String
    ) async throws -> BuildSource {
        var own: String?
        let stages: DockerfileStages
        switch dockerfile {
        case .usual, .path:
            let names = if case .path(let path) = dockerfile { [path] } else { LocalSource.usualNames }
            guard let found = try await read(names, in: context, limit: Self.dockerfileLimit) else {
                throw BuildError.request("\(name) has no file `\(names[0])`; name the Dockerfile with --file")
            }
            stages = Self.parse(found.bytes, name: found.name)
            own = found.name
        case .bytes(let bytes): stages = Self.parse(bytes, name: "Dockerfile")
        case .url(let url): stages = try await self.dockerfile(at: url)
        }
        let ignore = try await ignoreFile(of: context, dockerfile: own)
        return BuildSource(
            stages, FilteredContext(context, ignore: ignore), ignore: ignore, commitTime: commitTime,
            newestModification: { newestModification })
    }

    private func read(
        _ names: [String], in context: any BuildContext, limit: Int
    ) async throws -> (name: String, bytes: [UInt8])? {
        for name in names {
            if let bytes = try await context.file(at: name, in: store, limit: limit) { return (name, bytes) }
        }
        return nil
    }

    /// The Dockerfile's own ignore file wins entirely over the context's.
    func ignoreFile(of context: any BuildContext, dockerfile: String? = nil) async throws -> IgnoreFile {
        let names = [dockerfile.map { $0 + ".dockerignore" }, ".dockerignore"].compactMap { $0 }
        guard let found = try await read(names, in: context, limit: Self.ignoreLimit) else {
            return IgnoreFile([], name: ".dockerignore")
        }
        return try Self.checked(IgnoreFile(found.bytes, name: found.name))
    }

    private static func checked(_ ignore: IgnoreFile) throws -> IgnoreFile {
        if ignore.diagnostics.hasErrors { throw BuildError.dockerfile(ignore.diagnostics, in: ignore.source) }
        return ignore
    }

    private static func parse(_ bytes: [UInt8], name: String) -> DockerfileStages {
        DockerfileStages(DockerfileParser.parse(bytes, name: name))
    }

    private func dockerfile(at url: HTTPURL) async throws -> DockerfileStages {
        let file = try await downloads.file(at: url)
        return Self.parse(try store.blobs.read(file.digest, limit: Self.dockerfileLimit), name: "\(url)")
    }

    // MARK: Directories

    private func source(
        in directory: FilePath, _ dockerfile: DockerfileOrigin, _ keepsGitDirectory: Bool
    ) async throws -> BuildSource {
        var own: FilePath?
        let stages: DockerfileStages
        switch dockerfile {
        case .usual, .path:
            let name: String? = if case .path(let path) = dockerfile { path } else { nil }
            let path = LocalSource.dockerfile(name, in: directory)
            let bytes: [UInt8]
            do { bytes = try LocalSource.read(path, in: directory, limit: Self.dockerfileLimit) } catch let error
                as SystemError
            {
                if name == nil { try Self.checkContext(directory) }
                throw BuildError.request(
                    "\(error); name the Dockerfile with --file, or the directory that holds it")
            }
            stages = Self.parse(bytes, name: Self.shown(path))
            own = path
        case .bytes(let bytes): stages = Self.parse(bytes, name: "Dockerfile")
        case .url(let url): stages = try await self.dockerfile(at: url)
        }
        let ignore = try Self.ignoreFile(of: directory, dockerfile: own)
        let context = try DirectoryContext(directory, ignore: ignore, keepsGitDirectory: keepsGitDirectory)
        return BuildSource(
            stages, context, ignore: ignore, directory: directory, commitTime: WorkTree.commitTime(of: directory),
            newestModification: { try await context.newestModification() })
    }

    /// Says what is wrong with the context itself, in place of the Dockerfile that is not in it.
    private static func checkContext(_ directory: FilePath) throws {
        do { _ = try OwnedDescriptor.open(directory, flags: OpenFlags.directory) } catch {
            throw BuildError.request("the build context `\(shown(directory))` is no directory: \(error)")
        }
    }

    /// As people typed or would type it.
    private static func shown(_ path: FilePath) -> String {
        let here = WorkingDirectory.path
        var path = path.lexicallyNormalized()
        _ = path.removePrefix(here)
        return path.string
    }

    static func ignoreFile(of directory: FilePath, dockerfile: FilePath? = nil) throws -> IgnoreFile {
        do { return try checked(try LocalSource.ignore(dockerfile, in: directory)) } catch let error as SystemError {
            throw BuildError.request("\(error)")
        }
    }
}
