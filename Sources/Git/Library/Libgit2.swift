internal import CGit2
import Glibc

/// libgit2, initialised once for the process when first used, and made independent of the machine: no system, user or
/// XDG configuration is read (so no `insteadOf`, no proxies, no attribute files), object hashes are verified on reading.
enum Libgit2 {
    static func initialize() throws(GitError) {
        if case .failure(let error) = outcome { throw error }
    }

    private static let outcome: Result<Void, GitError> = {
        do throws(GitError) {
            try git("initialise libgit2") { git_libgit2_init() }
            for level in [
                GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA,
            ] {
                try git("blank the configuration paths") { caisson_git_set_search_path(level, "") }
            }
            // A repository may be anybody's: it is only read, and no program that it names runs.
            try git("allow other owners") { caisson_git_set_owner_validation(0) }
            try git("turn object verification on") { caisson_git_set_object_verification(1) }
            try git("turn flushing to disk on") { caisson_git_set_fsync(1) }
            // Packs are mapped in pieces, so that an address-space limit can be smaller than the pack.
            try git("set the map window") { caisson_git_set_window_size(32 << 20) }
            try git("set the map limit") { caisson_git_set_window_limit(512 << 20) }
            // Every fetch leaves a pack; not all of them may be open at once.
            try git("set the limit of open packs") { caisson_git_set_open_pack_limit(64) }
            return .success(())
        } catch {
            return .failure(error)
        }
    }()
}

/// Calls libgit2; on failure reads the thread's message before anything else runs here.
@discardableResult
func git(_ operation: @autoclosure () -> String, _ call: () -> CInt) throws(GitError) -> CInt {
    let status = call()
    guard status < 0 else { return status }
    throw GitError.last(status, operation())
}

extension GitError {
    /// The error that the calling thread's last failed libgit2 call left.
    static func last(_ status: CInt, _ operation: String) -> GitError {
        var text = "unknown error \(status)"
        var kind = GIT_ERROR_NONE
        if let error = git_error_last() {
            if let message = error.pointee.message { text = String(cString: message) }
            kind = git_error_t(UInt32(bitPattern: error.pointee.klass))
        }
        return GitError(code(status, kind, text), "cannot \(operation): \(printable(text))")
    }

    private static func code(_ status: CInt, _ kind: git_error_t, _ text: String) -> Code {
        switch git_error_code(status) {
        case GIT_ENOTFOUND: return kind == GIT_ERROR_NET || kind == GIT_ERROR_HTTP ? .repositoryNotFound : .notFound
        case GIT_EAUTH: return .unauthorized
        case GIT_ECERTIFICATE: return .untrustedServer
        case GIT_EMISMATCH: return .corruptMirror
        case GIT_EOWNER: return .system
        default: break
        }
        if text.contains("File too large") || text.contains("too many objects") { return .limitExceeded }
        switch kind {
        case GIT_ERROR_NET, GIT_ERROR_HTTP, GIT_ERROR_SSL, GIT_ERROR_SSH: return networkCode(text)
        case GIT_ERROR_NOMEMORY: return .limitExceeded
        case GIT_ERROR_ODB, GIT_ERROR_ZLIB, GIT_ERROR_OBJECT, GIT_ERROR_TREE, GIT_ERROR_REPOSITORY, GIT_ERROR_CONFIG,
            GIT_ERROR_REFERENCE:
            return .corruptMirror
        case GIT_ERROR_INDEXER: return .protocolViolation
        default: return .system
        }
    }

    /// libgit2 has no codes for these; its texts are stable within the version we link.
    private static func networkCode(_ text: String) -> Code {
        let answers: [(String, Code)] = [
            ("status code: 404", .repositoryNotFound), ("status code: 410", .repositoryNotFound),
            ("status code: 401", .unauthorized), ("status code: 403", .unauthorized),
            ("status code: 429", .rateLimited), ("status code: 503", .rateLimited),
            ("not found", .repositoryNotFound), ("does not appear to be a git repository", .repositoryNotFound),
            ("not our ref", .notFound), ("authentication", .unauthorized), ("credentials", .unauthorized),
            ("certificate", .untrustedServer), ("pkt-line", .protocolViolation), ("protocol", .protocolViolation),
        ]
        let lowered = text.lowercased()
        return answers.first { lowered.contains($0.0) }?.1 ?? .unreachable
    }
}

extension ObjectID {
    init(_ id: git_oid) {
        self = withUnsafeBytes(of: id) { ObjectID(bytes: $0) } ?? ObjectID.zero
    }

    /// For libgit2, whose release we link knows SHA-1 only.
    func libraryID() throws(GitError) -> git_oid {
        guard byteCount == 20 else {
            throw GitError(.unsupported, "object \(hex) is of a SHA-256 repository, which libgit2 1.5 cannot read")
        }
        var id = git_oid()
        withUnsafeMutableBytes(of: &id) { $0.copyBytes(from: bytes) }
        return id
    }
}
