package import Dockerfile
import OCI
import Storage

/// COPY or ADD with every word expanded: which files, from where, to where, as whose.
package struct CopyOperation: Sendable {
    package enum Origin: Hashable, Sendable {
        /// The build's context, or one of its named ones, by its place in the graph's list.
        case context(Int)
        /// The vertex's second input: another stage or an image.
        case stage
    }

    /// A here-document among the sources.
    package struct InlineFile: Hashable, Sendable {
        package let name: String
        package let bytes: [UInt8]
    }

    package var origin: Origin
    /// Paths and patterns below the origin's root.
    package var sources: [String]
    package var inlineFiles: [InlineFile]
    /// Absolute; a trailing slash says that it is a directory.
    package var destination: String
    /// `user[:group]`; names are looked up in the destination.
    package var owner: String?
    /// `--chmod` as read and as written.
    package var mode: FileModeChange?
    package var modeText: String?
    /// ADD unpacks local archives.
    package var unpacksArchives: Bool
    /// Given to files whose origin keeps no times of its own.
    package var epoch: Int64

    /// What decides the result besides the selected files and the destination's tree.
    var ingredients: JSON {
        [
            "operation": unpacksArchives ? "add" : "copy",
            "destination": .string(destination),
            "owner": owner.map(JSON.string),
            "mode": modeText.map(JSON.string),
            "epoch": .integer(epoch),
            "inline": inlineFiles.isEmpty
                ? nil
                : .array(inlineFiles.map { .array([.string($0.name), .string(Digest.of($0.bytes).description)]) }),
        ]
    }

    /// More than one source, or a directory by its spelling: files go into it under their names.
    var destinationIsDirectory: Bool {
        destination.hasSuffix("/") || destination.hasSuffix("/.") || sources.count + inlineFiles.count > 1
    }
}
