package import Archive
package import OCI
package import Storage
import Synchronization

/// A context that is found when it is first asked for, once, whoever asks.
package final class LazyContext: BuildContext {
    private let find: @Sendable () async throws -> any BuildContext
    private let finding = SharedWork<Int, any BuildContext, Never>()
    private let found = Mutex<(any BuildContext)?>(nil)

    package init(_ find: @escaping @Sendable () async throws -> any BuildContext) { self.find = find }

    private func context() async throws -> any BuildContext {
        if let context = found.withLock({ $0 }) { return context }
        let context = try await finding.value(for: 0, receive: { _ in }) { [find] _ in try await find() }
        return found.withLock { found in
            if let found { return found }
            found = context
            return context
        }
    }

    package func tree() async throws -> FileTree { try await context().tree() }

    package func digests(of ids: [Int]) async throws -> [Digest] { try await context().digests(of: ids) }

    package func open(_ id: Int) throws -> ContextContent {
        guard let context = found.withLock({ $0 }) else {
            preconditionFailure("contents are known by the tree, which comes first")
        }
        return try context.open(id)
    }

    package func exclusion(of path: EntryPath) -> Exclusion? { found.withLock { $0 }?.exclusion(of: path) }
}
