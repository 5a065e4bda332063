package import OCI

/// A layer in the store.
package struct Layer: Hashable, Sendable {
    package let diffID: DiffID
    /// Bytes of its tar.
    package let size: Int64
    package let entryCount: Int

    package init(diffID: DiffID, size: Int64, entryCount: Int) {
        self.diffID = diffID
        self.size = size
        self.entryCount = entryCount
    }
}
