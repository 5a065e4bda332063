internal import CGit2
import Glibc
import HTTP

/// One conversation of libgit2 with a server: ssh, file and git URLs, and HTTP servers without protocol 2.
final class RemoteSession {
    private let remote: HelperRequest.Remote
    private let limits: GitFetchLimits
    private let knownHosts: KnownHosts?
    private var timesAsked = 0
    /// What a callback found: libgit2 reports only that one refused.
    private var refusal: GitError?

    init(_ remote: HelperRequest.Remote, limits: GitFetchLimits) throws(GitError) {
        self.remote = remote
        self.limits = limits
        knownHosts = try remote.trust.knownHosts.map { (path) throws(GitError) in try KnownHosts(path: path) }
        if let file = remote.trust.certificateAuthorities ?? RemoteSession.systemAuthorities {
            try git("load the certificates of `\(file)`") { caisson_git_set_certificates(file, nil) }
        }
        try git("set the user agent") { caisson_git_set_user_agent("caisson") }
        // The repository behind a file URL may be anybody's; it is only read, and only if configured.
        if remote.url.scheme == .file {
            try git("allow other owners") { caisson_git_set_owner_validation(0) }
        }
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
        } catch where remote.url.scheme == .file {
            throw GitError(.repositoryNotFound, error.message)
        }
    }

    private func advertised(_ handle: OpaquePointer) throws(GitError) -> UnsafeBufferPointer<UnsafePointer<git_remote_head>> {
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

    // MARK: Callbacks

    private func callbacks() -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.credentials = { out, _, userInURL, allowed, payload in
            RemoteSession.from(payload).acquire(out, user: userInURL.map { String(cString: $0) }, git_credential_t(allowed))
        }
        callbacks.certificate_check = { certificate, valid, host, payload in
            RemoteSession.from(payload).check(certificate, isValid: valid == 1)
        }
        callbacks.transfer_progress = { progress, payload in
            progress.map { RemoteSession.from(payload).check($0.pointee) } ?? 0
        }
        return callbacks
    }

    private static func from(_ payload: UnsafeMutableRawPointer?) -> RemoteSession {
        guard let payload else { preconditionFailure("a callback without its session") }
        return Unmanaged<RemoteSession>.fromOpaque(payload).takeUnretainedValue()
    }

    private func refuse(_ code: GitError.Code, _ message: String) -> CInt {
        refusal = GitError(code, message)
        return GIT_EUSER.rawValue
    }

    /// libgit2 asks again after each refusal by the server, without end.
    private func acquire(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String?, _ allowed: git_credential_t
    ) -> CInt {
        func allows(_ type: git_credential_t) -> Bool { allowed.rawValue & type.rawValue != 0 }
        guard let credentials = remote.credentials else {
            return refuse(.unauthorized, "\(remote.url) wants credentials and none are configured")
        }
        switch credentials {
        case .privateKey(let name, _, _), .sshAgent(let name, _):
            if allows(GIT_CREDENTIAL_USERNAME) { return git_credential_username_new(out, user ?? name) }
        case .password: break
        }
        timesAsked += 1
        guard timesAsked == 1 else {
            return refuse(.unauthorized, "\(remote.url) refuses the credentials (\(credentials))")
        }
        switch credentials {
        case .password(let name, let password) where allows(GIT_CREDENTIAL_USERPASS_PLAINTEXT):
            return git_credential_userpass_plaintext_new(out, user ?? name, password.revealed())
        case .privateKey(let name, let path, let passphrase) where allows(GIT_CREDENTIAL_SSH_KEY):
            return git_credential_ssh_key_new(out, user ?? name, nil, path, passphrase?.revealed())
        case .sshAgent(let name, _) where allows(GIT_CREDENTIAL_SSH_KEY):
            return git_credential_ssh_key_from_agent(out, user ?? name)
        default:
            return refuse(.unauthorized, "\(remote.url) does not take this kind of credentials (\(credentials))")
        }
    }

    private func check(_ certificate: UnsafeMutablePointer<git_cert>?, isValid: Bool) -> CInt {
        guard let certificate, certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 else {
            if isValid { return 0 }
            return refuse(.untrustedServer, "the TLS certificate of \(remote.url.host) is not valid")
        }
        let key = UnsafeRawPointer(certificate).assumingMemoryBound(to: git_cert_hostkey.self).pointee
        guard let raw = key.hostkey else {
            return refuse(.untrustedServer, "the host key of \(remote.url.host) is unreadable")
        }
        let bytes = Array(UnsafeRawBufferPointer(start: raw, count: key.hostkey_len))
        let fingerprint = withUnsafeBytes(of: key.hash_sha256) { "SHA256:" + Base64.encode($0, padded: false) }
        let host = remote.url.host
        switch knownHosts?.verdict(on: bytes, of: host, port: remote.url.port ?? 22) {
        case .trusted: return 0
        case .changed:
            return refuse(.untrustedServer, "the host key of \(host) is not the known one: it has \(fingerprint)")
        case .unknown, nil:
            return refuse(.untrustedServer, "the host key of \(host) is not known: it has \(fingerprint)")
        }
    }

    private func check(_ progress: git_indexer_progress) -> CInt {
        if UInt64(progress.total_objects) > limits.objects {
            return refuse(
                .limitExceeded, "\(remote.url) sends \(progress.total_objects) objects, the limit is \(limits.objects)")
        }
        if UInt64(progress.received_bytes) > limits.packBytes {
            return refuse(.limitExceeded, "\(remote.url) sends more than \(limits.packBytes) bytes")
        }
        return 0
    }
}
