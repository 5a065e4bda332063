package import OCI
package import Storage

package struct CommandRunner: Sendable {
    func run(_ run: RunOperation, step: Step, on chain: LayerChain, tree: FileTree, emit: @escaping EventSink) async throws -> DiffID { preconditionFailure() }
}
