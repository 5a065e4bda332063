internal import CGit2
import Glibc

/// The helper's side: one request from standard input, one answer to standard output.
enum HelperMain {
    static func run() -> Int32 {
        // An over-large file is then a failed write with a message instead of a signal.
        signal(SIGXFSZ, SIG_IGN)
        umask(0o077)
        do throws(GitError) {
            let request = try HelperRequest(decoding: readAll())
            write(try perform(request).encoded())
        } catch {
            write(HelperReply.encode(error))
        }
        return 0
    }

    private static func perform(_ request: HelperRequest) throws(GitError) -> HelperReply {
        limit(UInt64(request.limits.descriptors), RLIMIT_NOFILE)
        limit(0, RLIMIT_CORE)
        try Libgit2.initialize()
        try git("limit the objects of a pack") { caisson_git_set_pack_object_limit(Int(request.limits.objects)) }
        switch request.operation {
        case .refs(let remote):
            return try RemoteSession(remote, limits: request.limits).list()
        case .fetch(let remote, let path, let commit, let ref, let isDamaged):
            let mirror = MirrorDirectory(path)
            if isDamaged { try mirror.remove() }
            try mirror.update(limits: request.limits, commit: commit, ref: ref) {
                (repository) throws(GitError) in
                try RemoteSession(remote, limits: request.limits).fetch(commit, ref, into: repository)
            }
        case .index(let path, let commit, let ref, let shallow, let isDamaged):
            let mirror = MirrorDirectory(path)
            if isDamaged { try mirror.remove() }
            try mirror.update(limits: request.limits, commit: commit, ref: ref) { (_) throws(GitError) in
                try mirror.index(pack: 3, limits: request.limits)
            }
            try mirror.setShallow(shallow)
        }
        return HelperReply()
    }

    private static func limit(_ value: UInt64, _ resource: __rlimit_resource) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        // Only ever lowers: a hard limit below ours stays as it is.
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }

    private static func readAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func write(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            done += count
        }
    }
}
