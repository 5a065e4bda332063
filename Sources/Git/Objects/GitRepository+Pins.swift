internal import CGit2
import Glibc

extension GitRepository {
    /// Commits that were completely fetched (refs below `refs/caisson/`), at most `limit`.
    func pins(limit: Int) throws(GitError) -> [CommitID] {
        var names = git_strarray()
        try git("list the pins of a mirror") { git_reference_list(&names, handle) }
        defer { git_strarray_dispose(&names) }
        var commits: [CommitID] = []
        for index in 0..<names.count where commits.count < limit {
            guard let name = names.strings[index].map({ String(cString: $0) }), name.hasPrefix(MirrorPin.prefix),
                !name.hasSuffix("-incoming")
            else { continue }
            var id = git_oid()
            try git("read pin `\(name)`") { git_reference_name_to_id(&id, handle, name) }
            let commit = CommitID(ObjectID(id))
            if !commits.contains(commit) { commits.append(commit) }
        }
        return commits
    }

    /// Commits whose parents are not here (git's `shallow` file).
    func shallowCommits() throws(GitError) -> [CommitID] {
        guard let directory = git_repository_path(handle).map({ String(cString: $0) }),
            let file = fopen("\(directory)shallow", "r")
        else { return [] }
        defer { fclose(file) }
        var commits: [CommitID] = []
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, CInt(line.count), file) != nil {
            let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
            guard let id = ObjectID(hex: bytes) else {
                throw GitError(.corruptMirror, "`\(directory)shallow` is damaged")
            }
            commits.append(CommitID(id))
        }
        return commits
    }
}
