package import Archive
package import Linux
package import OCI
package import Storage

/// The files a build may see: a directory, the tree of a commit, an archive.
///
/// Canonical whatever the origin, so that a clone and its commit are the same context: modes 0644 and 0755, owner 0:0,
/// no times. Contents are named in the tree by `.context` numbers, or lie in layers of the store.
package protocol BuildContext: Sendable {
    /// Read once; a context does not change during a build, or the build fails.
    func tree() async throws -> FileTree

    /// The digests of contents, in the order of `ids`.
    func digests(of ids: [Int]) async throws -> [Digest]

    /// The bytes of a content. Blocks: called on a thread that may.
    func open(_ id: Int) throws -> ContextContent

    /// The ignore rule that hides what is at `path`; nil if none does, or nothing is there. The tree was read before.
    func exclusion(of path: EntryPath) -> Exclusion?
}

/// A file of a context, open for reading.
package enum ContextContent: Sendable {
    /// From the start of the file on; `as` is what it was when the context was read, nil for what nothing changes, and
    /// `digest` that of its bytes, if it was asked for.
    case file(SharedDescriptor, as: FileStatus?, digest: Digest? = nil)
    case bytes([UInt8])
}

/// Where an ignore file says that a path is no part of the context.
package struct Exclusion: Hashable, Sendable {
    package let fileName: String
    package let line: Int
    package let pattern: String

    package init(fileName: String, line: Int, pattern: String) {
        self.fileName = fileName
        self.line = line
        self.pattern = pattern
    }
}

/// A context without files: what a build from a bare Dockerfile sees.
package struct EmptyContext: BuildContext {
    package init() {}
    package func tree() async throws -> FileTree { FileTree() }
    package func digests(of ids: [Int]) async throws -> [Digest] { [] }
    package func open(_ id: Int) throws -> ContextContent { preconditionFailure("an empty context has no content") }
    package func exclusion(of path: EntryPath) -> Exclusion? { nil }
}

/// What a build takes must not change while it is taken: keys and layers would tell different things.
enum ContextChange {
    /// Throws if `file` is not what it was.
    static func check(_ file: SharedDescriptor, is status: FileStatus?, path: @autoclosure () -> String) throws {
        guard let status else { return }
        guard try FileStatus.of(file.rawValue) == status else { throw error(path()) }
    }

    static func error(_ path: String) -> BuildError {
        .request("`\(path)` changed while it was being read; build again when nothing writes to the context")
    }
}
