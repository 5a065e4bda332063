internal import CGit2
import HTTP

/// What libgit2 asks in the middle of a conversation.
extension RemoteSession {
    func callbacks() -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.credentials = { out, _, userInURL, allowed, payload in
            RemoteSession.from(payload).acquire(
                out, user: userInURL.map { String(cString: $0) }, git_credential_t(allowed))
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
        case .password, .header: break
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
