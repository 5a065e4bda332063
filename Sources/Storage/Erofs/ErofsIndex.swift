package import Archive
package import OCI

/// The index of a layer: an EROFS image of metadata only, whose files lie in the layer's tar as a second device.
/// Mounting it shows the layer without unpacking anything.
///
/// A pure function of the tar (and, for some layers, of what lies below it): built while the tar streams by, rebuilt
/// when missing or damaged, trusted for nothing. Whiteouts become what overlayfs understands, so that indexes stack.
package enum ErofsIndex {
    /// Indexes a layer by what its tar says.
    ///
    /// `entries` are in the order of the archive, which has `tarSize` bytes. Throws `invalidLayer` for what would not
    /// mean the same everywhere: a hard link to nothing, a 0:0 device, a sparse file whose pieces are not on blocks.
    package static func build(entries: [TarEntry], tarSize: Int64, diffID: DiffID) throws -> [UInt8] {
        try build(entries: entries, tarSize: tarSize, diffID: diffID, below: nil)
    }

    /// Indexes a layer for one place in a stack: directories the archive only implies are what they are `below`, and
    /// entries below a symbolic link of a lower layer go where the link leads.
    package static func build(
        entries: [TarEntry], tarSize: Int64, diffID: DiffID, below: (any LowerTree)?
    ) throws -> [UInt8] {
        var tree = LayerTree(entries: entries, tarSize: tarSize, below: below)
        try tree.addEntries()
        return try ErofsImage.encode(tree, tarSize: tarSize, diffID: diffID)
    }
}

/// What the layers below an archive show when merged.
package protocol LowerTree {
    /// What `path` is; no symbolic link on the way or at the end is followed.
    func node(at path: EntryPath) throws -> LowerNode
}

package enum LowerNode: Hashable, Sendable {
    case absent
    case directory(mode: UInt16, uid: UInt32, gid: UInt32, modified: Timestamp, attributes: [ExtendedAttribute])
    case symbolicLink([UInt8])
    /// Anything else.
    case file
}
