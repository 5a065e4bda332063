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
    /// What messages call the origin, if it is a stage or an image.
    package var originTitle: String?
    /// Paths and patterns below the origin's root.
    package var sources: [String]
    package var inlineFiles: [InlineFile]
    /// `--parents`: files keep their path below the source's root, which a `/./` in the source may name.
    package var keepsParents = false
    /// `--exclude`: patterns of ignore files, relative to the root of each source.
    package var excludes: [String] = []
    /// `--link`: the layer is made on nothing and put on whatever the stage is. Directories on the way are in it too, and
    /// as they may be there already, `--chmod` is not for them.
    package var isLinked = false
    /// `--strict`: a pattern has to match something.
    package var isStrict = false
    /// Absolute; a trailing slash says that it is a directory.
    package var destination: String
    /// As written, for the history.
    package var destinationText = ""
    /// Where the sources stand in the file, for messages.
    package var places: [SourceRange] = []
    /// `user[:group]`; names are looked up in the destination.
    package var owner: String?
    /// `--chmod` as read and as written.
    package var mode: FileModeChange?
    package var modeText: String?
    /// Archives among the sources are unpacked.
    package var unpacksArchives: Bool
    /// Given to files whose origin keeps no times of its own.
    package var epoch: Int64
    /// Files of a stage may be younger than the epoch. For a copy that shall not depend on what it is put on, whose
    /// epoch says nothing about its sources.
    package var keepsTimes = false

    package init(
        origin: Origin, sources: [String], inlineFiles: [InlineFile] = [], destination: String, owner: String? = nil,
        mode: FileModeChange? = nil, modeText: String? = nil, unpacksArchives: Bool = false, epoch: Int64
    ) {
        self.origin = origin
        self.sources = sources
        self.inlineFiles = inlineFiles
        self.destination = destination
        self.owner = owner
        self.mode = mode
        self.modeText = modeText
        self.unpacksArchives = unpacksArchives
        self.epoch = epoch
    }

    /// What decides the result besides the selected files and the destination's tree. The mode of files is among what
    /// is selected; that of the directories made on the way is decided here.
    var ingredients: JSON {
        [
            "operation": unpacksArchives ? "add" : "copy",
            "destination": .string(destination),
            "owner": owner.map(JSON.string),
            "mode": modeText.map(JSON.string),
            "epoch": .integer(epoch),
            "linked": isLinked ? true : nil,
            "keepsTimes": keepsTimes ? true : nil,
            "inline": inlineFiles.isEmpty
                ? nil
                : .array(inlineFiles.map { .array([.string($0.name), .string(Digest.of($0.bytes).description)]) }),
        ]
    }

    /// What decides the selection besides the tree it is made from.
    var selectionIngredients: JSON {
        [
            "sources": .array(sources.map(JSON.string)),
            "parents": keepsParents ? true : nil,
            "excludes": excludes.isEmpty ? nil : .array(excludes.map(JSON.string)),
            "strict": isStrict && sources.contains(where: SourceFinder.isPattern) ? true : nil,
        ]
    }

    /// More than one source, or a directory by its spelling: files go into it under their names.
    var destinationIsDirectory: Bool {
        destination.hasSuffix("/") || destination.hasSuffix("/.")
            || sources.count + inlineFiles.count > 1
    }
}
