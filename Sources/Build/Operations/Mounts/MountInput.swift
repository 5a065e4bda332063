import Archive
import OCI
import Storage

/// What a vertex's input shows, for mounts to take their files from.
struct MountInput: Sendable {
    let chain: LayerChain
    let tree: FileTree

    /// What the source names in it, links followed.
    func node(of source: RunMount.Source) throws(RunMountError) -> (path: String, isDirectory: Bool) {
        let resolved: FileTree.Resolution
        do { resolved = try tree.resolve(Array(source.path.utf8)) } catch {
            throw RunMountError("cannot mount `\(source.path)`: \(error)")
        }
        guard let node = resolved.node else {
            throw RunMountError("cannot mount `\(source.path)`: it is not in the stage or image it is mounted from")
        }
        return ("/\(resolved.path)", tree[node].isDirectory)
    }

    /// Names the files, as `SelectedFiles` does for keys.
    func digest(of source: RunMount.Source) -> Digest {
        Digest.of(Array("\(chain.identity) \(source.path)".utf8))
    }
}
