internal import CGit2
import Glibc

/// One conversation of libgit2 with a server: ssh, file and git URLs, and HTTP servers without protocol 2.
final class RemoteSession {
    let remote: HelperRequest.Remote
    let limits: GitFetchLimits
    let knownHosts: KnownHosts?
    var timesAsked = 0
    /// What a callback found: libgit2 reports only that one refused.
    var refusal: GitError?

    init(_ remote: HelperRequest.Remote, limits: GitFetchLimits) throws(GitError) {
        self.remote = remote
        self.limits = limits
        knownHosts = try remote.trust.knownHosts.map { (path) throws(GitError) in try KnownHosts(path: path) }
        if let file = remote.trust.certificateAuthorities ?? RemoteSession.systemAuthorities {
            try git("load the certificates of `\(file)`") { caisson_git_set_certificates(file, nil) }
        }
        try git("set the user agent") { caisson_git_set_user_agent("caisson") }
    }

    private static let systemAuthorities: String? = "/etc/ssl/certs/ca-certificates.crt"

    /// Everything the server advertises.
    func list() throws(GitError) -> HelperReply {
        var handle: OpaquePointer?
        try git("prepare") { git_remote_create_detached(&handle, remote.url.transportText) }
        guard let handle else { throw GitError(.system, "cannot prepare \(remote.url)") }
        defer { git_remote_free(handle) }
        try connect(handle)
        var reply = HelperReply()
        for head in try advertised(handle) {
            guard let name = head.pointee.name else { continue }
            let bytes = UnsafeRawBufferPointer(start: name, count: strnlen(name, 4096))
            reply.refs.append((Array(bytes)[...], ObjectID(head.pointee.oid)))
            if let target = head.pointee.symref_target, String(cString: name) == "HEAD" {
                reply.head = RefName(validating: Array(String(cString: target).utf8)[...])
            }
        }
        return reply
    }

    /// Brings `commit` into `repository`: by its id where the server gives out commits by id, else over the ref that
    /// has it, else over `ref`, whose history may hold it.
    func fetch(_ commit: CommitID, _ ref: RefName?, into repository: OpaquePointer) throws(GitError) {
        var handle: OpaquePointer?
        try git("prepare") { git_remote_create_anonymous(&handle, repository, remote.url.transportText) }
        guard let handle else { throw GitError(.system, "cannot prepare \(remote.url)") }
        defer { git_remote_free(handle) }
        try connect(handle)
        let wanted = try commit.object.libraryID()
        let pin = try MirrorPin.name(of: ref)
        var name: String?
        for head in try advertised(handle) {
            guard let text = head.pointee.name.map({ String(cString: $0) }) else { continue }
            var oid = head.pointee.oid
            var wanted = wanted
            if git_oid_equal(&oid, &wanted) == 1 {
                // A peeled entry has the commit; the tag beside it has the name.
                name = text.hasSuffix("^{}") ? String(text.dropLast(3)) : text
                if name == ref?.text { break }
            }
        }
        if let name {
            try download("+\(name):\(pin)-incoming", from: handle)
        } else if let error = attempt("\(commit.hex):\(pin)-incoming", from: handle) {
            guard error.code != .limitExceeded else { throw error }
            guard let ref else { throw missing(commit) }
            try connect(handle)
            try download("+\(ref.text):\(pin)-incoming", from: handle)
        }
        guard try GitRepository(borrowing: repository).contains(commit) else { throw missing(commit) }
        try git("remove a temporary ref") { git_reference_remove(repository, "\(pin)-incoming") }
    }

    private func missing(_ commit: CommitID) -> GitError {
        GitError(.notFound, "\(remote.url) does not have commit \(commit.short), or does not give it out")
    }

    private func attempt(_ refspec: String, from handle: OpaquePointer) -> GitError? {
        do throws(GitError) {
            try download(refspec, from: handle)
            return nil
        } catch {
            git_remote_disconnect(handle)
            return error
        }
    }

    private func download(_ refspec: String, from handle: OpaquePointer) throws(GitError) {
        var options = git_fetch_options()
        git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
        options.callbacks = callbacks()
        options.prune = GIT_FETCH_NO_PRUNE
        options.update_fetchhead = 0
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        try call("fetch from \(remote.url)") {
            refspec.withCString { text in
                var pointer: UnsafeMutablePointer<CChar>? = UnsafeMutablePointer(mutating: text)
                return withUnsafeMutablePointer(to: &pointer) {
                    var list = git_strarray(strings: $0, count: 1)
                    return git_remote_fetch(handle, &list, &options, nil)
                }
            }
        }
    }

    private func connect(_ handle: OpaquePointer) throws(GitError) {
        var options = git_remote_connect_options()
        git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
        options.callbacks = callbacks()
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        timesAsked = 0
        do throws(GitError) {
            try call("connect to \(remote.url)") { git_remote_connect_ext(handle, GIT_DIRECTION_FETCH, &options) }
        } catch  where error.message.contains("extensions.objectformat") {
            throw GitError.otherHash(of: remote.url)
        } catch  where error.message.contains("REF pkt-line") {
            // How libgit2 takes names that are longer than it knows; or something else than git answers.
            throw GitError(.unsupported, "\(error.message); SHA-256 repositories cannot be read by libgit2 1.5")
        } catch  where remote.url.scheme == .file {
            throw GitError(.repositoryNotFound, error.message)
        }
    }

    private func advertised(_ handle: OpaquePointer) throws(GitError) -> UnsafeBufferPointer<
        UnsafePointer<git_remote_head>
    > {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try git("list the refs of \(remote.url)") { git_remote_ls(&heads, &count, handle) }
        // SAFETY: libgit2 fills all `count` pointers; they live as long as the remote is connected.
        return heads.map { pointer in
            UnsafeBufferPointer(
                start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UnsafePointer<git_remote_head>.self),
                count: count)
        } ?? UnsafeBufferPointer(start: nil, count: 0)
    }

    private func call(_ operation: String, _ body: () -> CInt) throws(GitError) {
        refusal = nil
        do throws(GitError) {
            try git(operation, body)
        } catch {
            if let refusal { throw refusal }
            throw error
        }
    }
}
