import Storage

/// The shell of an image for people: bash if it has that.
enum Shell {
    static func path(in tree: FileTree) -> String {
        for path in ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/sh", "/usr/bin/sh"] {
            if let node = try? tree.resolve(Array(path.utf8)).node, case .file = tree[node].kind { return path }
        }
        return "/bin/sh"
    }
}
