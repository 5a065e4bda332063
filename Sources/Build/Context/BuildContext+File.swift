import Archive
import Linux
package import Storage

extension BuildContext {
    /// The content of the file at `path`, links followed inside the context; nil if there is no file. One larger than
    /// `limit` bytes is an error.
    package func file(at path: String, in store: Store, limit: Int) async throws -> [UInt8]? {
        let tree = try await tree()
        guard let id = (try? tree.resolve(Array(path.utf8)))?.node, case .file(let content) = tree[id].kind else {
            return nil
        }
        guard content.size <= limit else {
            throw BuildError.request("`\(path)` has \(content.size) bytes, more than the limit of \(limit)")
        }
        let contents = LayerContents(store: store, context: self)
        return try await BlockingThread(label: "context-file").run { try contents.bytes(of: content) }
    }
}
