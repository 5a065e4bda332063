import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

/// A value of `--output`.
struct BuildOutput {
    enum Kind: String, CaseIterable {
        case image
        case registry
        case oci
        case docker
        case tar
        case local
        /// Nothing: the results stay in the cache.
        case cacheOnly = "cacheonly"
    }

    let kind: Kind
    /// `-` is standard output; nil for what has no file.
    let destination: String?
    /// The stage whose result it is, in a build of several.
    var target: String?
    /// What the image is called; without any it has the tags of the build.
    let names: [ImageReference]
    /// Whether it goes to the registries of its names.
    let pushes: Bool
    /// nil: as the layers are in the store.
    let encoding: LayerEncoding?
    /// A directory instead of an archive of it.
    let isDirectory: Bool

    var isImage: Bool { kind == .image || kind == .registry }

    var writesToStandardOutput: Bool { destination == "-" }

    /// What messages call it.
    var title: String { "--output \(destination ?? kind.rawValue)" }

    /// `type=oci,dest=file`; a bare path means a directory, as other builders have it.
    init(parsing text: String) throws {
        var fields = try OutputFields(text)
        kind = try fields.kind()
        target = fields.take("target")
        switch kind {
        case .image, .registry, .cacheOnly: destination = nil
        case .oci, .docker, .tar, .local: destination = try fields.destination()
        }
        let isImage = kind == .image || kind == .registry
        names = isImage || kind == .oci || kind == .docker ? try fields.names() : []
        pushes = isImage ? try fields.flag("push") ?? (kind == .registry) : false
        encoding = isImage || kind == .oci || kind == .docker ? try fields.encoding() : nil
        isDirectory = kind == .local ? true : kind == .oci ? try fields.flag("tar") == false : false
        try fields.end(kind)
        if isDirectory, destination == "-" { throw fields.refusal("a directory cannot be standard output") }
        if kind == .docker, encoding?.compression == .zstd {
            throw fields.refusal("docker loads no layers compressed with zstd", hint: "use type=oci")
        }
    }

    /// Better now than after the build.
    func checkDestination() throws {
        guard let destination, !isDirectory, !writesToStandardOutput else { return }
        try Self.checkDirectory(of: destination, for: "output `\(destination)`")
    }

    /// A file is made, its directory is not.
    static func checkDirectory(of file: String, for option: String) throws {
        let directory = FilePath(file).absolute().removingLastComponent()
        guard FileContents.exists(directory) else {
            throw CommandFailure.usage("\(option): there is no directory `\(directory)`")
        }
    }
}
