package import Build
package import Dockerfile
package import HTTP
import Linux
package import OCI
package import SystemPackage

/// Where the files of a build come from.
package enum ContextOrigin: Sendable {
    case directory(FilePath)
    /// An archive on this machine, or else the Dockerfile of the directory that holds it.
    case file(FilePath)
    case repository(GitAddress)
    /// An archive, or else the Dockerfile of a build without files.
    case url(HTTPURL)
    /// The same, as it comes.
    case stream(BlobStream)

    /// What stands at `path`, links followed: a directory, a file, or a stream such as a shell's `<(…)`.
    package static func local(_ path: FilePath) throws -> ContextOrigin {
        switch FileContents.kind(of: path) {
        case .file: .file(path)
        case .directory, nil: .directory(path)
        default: .stream(try BlobStream(streaming: path))
        }
    }
}

/// Where the Dockerfile is.
package enum DockerfileOrigin: Sendable {
    /// At the context's root, under the usual name.
    case usual
    /// In the context; beside a directory as a path of this machine.
    case path(String)
    case bytes([UInt8])
    case url(HTTPURL)
}

/// What to build: a Dockerfile and the files that it may see, wherever they came from.
///
/// The ignore file applies to all of them alike, so that a clone, its commit and its archive give the same image: the
/// Dockerfile's own beside it, else the context's.
package struct BuildSource: Sendable {
    package let dockerfile: DockerfileStages
    package let context: any BuildContext
    /// What applies to the context.
    package let ignore: IgnoreFile
    /// The directory on this machine, if it is one.
    package let directory: FilePath?
    /// When the commit was made; nil for what is none.
    package let commitTime: Int64?
    private let newestModification: @Sendable () async throws -> Int64?

    init(
        _ dockerfile: DockerfileStages, _ context: any BuildContext, ignore: IgnoreFile, directory: FilePath? = nil,
        commitTime: Int64? = nil, newestModification: @escaping @Sendable () async throws -> Int64? = { nil }
    ) {
        self.dockerfile = dockerfile
        self.context = context
        self.ignore = ignore
        self.directory = directory
        self.commitTime = commitTime
        self.newestModification = newestModification
    }

    /// When the source was made, in seconds since 1970: the commit's time, else `environment` (what
    /// `SOURCE_DATE_EPOCH` says), else the time of the newest file.
    package func created(environment: Int64?) async throws -> Int64 {
        if let time = commitTime ?? environment { return time }
        return try await newestModification() ?? 0
    }
}
