package import OCI
import Storage

/// A layer that a cache from elsewhere promised and that cannot be had from there: gone, or not what was promised. The
/// step that makes it has to run.
package struct LostLayer: Error, Sendable, CustomStringConvertible {
    package let layer: DiffID
    package let cause: any Error

    /// nil if the layer is not to blame: this store failed, or nobody waits any more.
    init?(_ layer: DiffID, _ cause: any Error) {
        if cause is CancellationError { return nil }
        if let error = cause as? StorageError, ![.contentMismatch, .invalidLayer, .limit].contains(error.code) {
            return nil
        }
        self.layer = layer
        self.cause = cause
    }

    package var description: String { "layer `\(layer)` of an imported cache cannot be had: \(cause)" }
}
