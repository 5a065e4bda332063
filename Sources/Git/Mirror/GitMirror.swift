import Glibc
import Linux
package import SystemPackage

/// What is kept here of one repository: a bare repository `<directory>/<identity>`, made when first fetched into.
///
/// Reading needs no lock; fetching takes `<identity>.lock`, so that two processes never fetch at once, and happens in
/// the helper process. A damaged mirror shows as `GitError.corruptMirror`; the next fetch then makes it anew.
package actor GitMirror {
    package nonisolated let url: GitURL
    package nonisolated let path: FilePath
    let directory: FilePath
    let remote: GitRemote
    var repository: GitRepository?
    var isDamaged = false
    private let thread = BlockingThread(label: "git")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// `directory` holds all mirrors; `scope` separates those of one URL with different credentials.
    package init(of url: GitURL, in directory: FilePath, remote: GitRemote, scope: String = "") {
        self.url = url
        self.directory = directory
        self.remote = remote
        path = directory.appending(url.identity(scope: scope))
    }

    /// Whether the commit is here and, as far as it shows, sound. Never fetches.
    package func contains(_ commit: CommitID) throws -> Bool {
        guard !isDamaged, let repository = try openRepository() else { return false }
        do {
            return try reading { () throws(GitError) in try repository.contains(commit) }
        } catch let error as GitError where error.code == .corruptMirror {
            return false
        }
    }

    package func commit(_ id: CommitID) throws -> GitCommit {
        let repository = try existing(for: id)
        return try reading { () throws(GitError) in try repository.commit(id) }
    }

    /// The tree of `commit`, or of the directory `path` in it ("" is the root), with everything below.
    package func tree(
        of commit: CommitID, at path: String = "", limits: GitTree.Limits = GitTree.Limits()
    ) throws -> GitTree {
        let repository = try existing(for: commit)
        return try reading { () throws(GitError) in try repository.tree(of: commit, at: path, limits: limits) }
    }

    /// What is at `path` in `commit`; nil if there is nothing. Links are not followed.
    package func entry(_ path: String, of commit: CommitID) throws -> GitTree.Entry? {
        let repository = try existing(for: commit)
        return try reading { () throws(GitError) in try repository.entry(path, of: commit) }
    }

    /// The content of a file or the target of a link; more than `limit` bytes is an error.
    package func blob(_ id: ObjectID, limit: Int) throws -> [UInt8] {
        guard let repository = try openRepository() else { throw missing() }
        return try reading { () throws(GitError) in try repository.blob(id, limit: limit) }
    }

    /// Calls `body` on the mirror's thread with the content of a blob, without copying it.
    package func withBlob<Result: Sendable>(
        _ id: ObjectID, limit: Int, _ body: @Sendable (RawSpan) throws -> Result
    ) throws -> Result {
        guard let repository = try openRepository() else { throw missing() }
        do {
            return try repository.withBlob(id, limit: limit, body)
        } catch let error as GitError {
            throw noticing(error)
        }
    }

    func openRepository() throws -> GitRepository? {
        if let repository { return repository }
        guard path.withPlatformString({ access($0, F_OK) }) == 0 else { return nil }
        do throws(GitError) {
            repository = try GitRepository(path)
        } catch {
            // Whatever libgit2 calls it: a mirror that does not open is of no use.
            isDamaged = true
            return nil
        }
        return repository
    }

    private func existing(for commit: CommitID) throws -> GitRepository {
        guard let repository = try openRepository() else { throw missing() }
        guard try contains(commit) else {
            throw GitError(.notFound, "commit \(commit.short) of \(url) has not been fetched")
        }
        return repository
    }

    private func missing() -> GitError { GitError(.notFound, "nothing of \(url) has been fetched") }

    private func reading<Result>(_ body: () throws(GitError) -> Result) throws -> Result {
        do throws(GitError) {
            return try body()
        } catch {
            throw noticing(error)
        }
    }

    private func noticing(_ error: GitError) -> GitError {
        guard error.code == .corruptMirror else { return error }
        isDamaged = true
        repository = nil
        return error
    }
}
