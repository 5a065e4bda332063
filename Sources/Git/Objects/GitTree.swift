/// A commit's tree, or one directory of it, with everything below: what a build context is made of. Only names, modes
/// and ids; contents are read by id.
package struct GitTree: Hashable, Sendable {
    /// The id of the tree object: equal ids are equal contents.
    package let id: ObjectID
    /// Every file, link, directory and submodule, each directory before what is in it, siblings in git's order.
    package let entries: [Entry]

    package struct Entry: Hashable, Sendable {
        /// From the root of this tree, without a leading slash; bytes, since git does not ask for UTF-8.
        package let path: [UInt8]
        package let kind: Kind
        package let id: ObjectID
        /// Of the content of files and links; 0 for directories and submodules.
        package let size: Int

        package var pathText: String { String(decoding: path, as: UTF8.self) }
    }

    package enum Kind: UInt8, Hashable, Sendable {
        /// Mode 0644, whatever permission bits the tree held.
        case file
        /// Mode 0755.
        case executable
        /// Its content is the target.
        case symbolicLink
        case directory
        /// A commit of another repository. Reported and never followed; nothing is below it.
        case submodule

        /// The permission bits in a build context.
        package var mode: UInt32 {
            switch self {
            case .file: 0o644
            case .executable, .directory, .submodule: 0o755
            case .symbolicLink: 0o777
            }
        }
    }

    /// What a tree may cost; more is an error that names the limit.
    package struct Limits: Sendable {
        package var entries = 500_000
        package var depth = 128
        package var pathLength = 4096
        /// Of all files and links together.
        package var bytes = 64 << 30

        package init() {}
    }
}
