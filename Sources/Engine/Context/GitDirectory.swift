import Build
import Git

/// The `.git` of one commit, as `--keep-git-dir` has it: a function of the commit alone. HEAD is detached, the history
/// ends with the commit, there are no branches, remotes or hooks; objects are not compressed, since compressors differ.
struct GitDirectory {
    enum Content {
        case directory
        case bytes([UInt8])
        case object(LooseObject)
    }

    private(set) var items: [(path: String, content: Content)] = []
    let repository: SharedRepository

    private static let configuration = """
        [core]
        \trepositoryformatversion = 0
        \tfilemode = true
        \tbare = false

        """

    /// `part` is the commit's whole tree.
    init(of commit: GitCommit, _ part: GitContext.Part) throws {
        repository = try SharedRepository(part.mirror)
        func add(_ path: String, _ text: String) { items.append((path, .bytes(Array(text.utf8)))) }
        add("HEAD", "\(commit.id)\n")
        add("config", Self.configuration)
        items.append(("index", .bytes(GitIndex.file(of: part.tree))))
        if !commit.parents.isEmpty { add("shallow", "\(commit.id)\n") }
        for name in ["objects", "refs"] { items.append((name, .directory)) }
        let blobs = part.tree.entries.filter { $0.kind != .submodule }.map(\.id)
        var seen: Set<ObjectID> = []
        var folders: Set<String> = []
        for id in [commit.id.object, commit.tree] + blobs where seen.insert(id).inserted {
            let object = try repository.object(id)
            let folder = String(object.path.prefix { $0 != "/" }) + "/" + id.hex.prefix(2)
            if folders.insert(folder).inserted { items.append((folder, .directory)) }
            items.append((object.path, .object(object)))
        }
    }
}
