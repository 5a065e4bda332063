import Archive
import Build
import Dockerfile
import Engine
import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import Testing

/// What this host lets the tests do.
enum Host {
    static let canRun = geteuid() == 0 && Command.locate("crun") != nil && Command.locate("busybox") != nil
    static let reason: Comment = "needs root, crun and a static busybox"
}

/// A store with an engine and a place for contexts, gone with the value. The store has an image `base`: busybox, the
/// users root and app, and nothing else.
final class Workshop: Sendable {
    let path: FilePath
    let engine: Engine
    static let created: Int64 = 1_700_000_000

    init(store: FilePath? = nil, limits: EngineLimits = EngineLimits(), hasBase: Bool = true) async throws {
        path = FilePath(NSTemporaryDirectory()).appending("caisson-build-\(UUID())")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        engine = try Engine(EngineConfiguration(root: store ?? path.appending("store"), limits: limits))
        try makeDirectory("context")
        if hasBase { try await addBase() }
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    // MARK: Context

    func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: path.appending(name).string, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String, mode: Int = 0o644, in context: String = "context") throws {
        let file = path.appending(context).appending(name)
        try makeDirectory(context + "/" + name.split(separator: "/").dropLast().joined(separator: "/"))
        try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.string)
    }

    func link(_ name: String, to target: String, in context: String = "context") throws {
        try FileManager.default.createSymbolicLink(
            atPath: path.appending(context).appending(name).string, withDestinationPath: target)
    }

    private static let programs = [
        "sh", "true", "false", "cat", "ls", "ln", "mkdir", "rm", "mv", "cp", "chmod", "chown", "touch", "id", "env",
        "pwd",
        "sleep", "dd", "stat", "echo", "test", "mknod", "mkfifo", "seq", "ps", "wget", "head", "tr", "awk", "rmdir",
        "find",
    ]

    private func addBase() async throws {
        let busybox = try #require(Command.locate("busybox"))
        try makeDirectory("base/bin")
        try FileManager.default.copyItem(atPath: busybox.string, toPath: path.appending("base/bin/busybox").string)
        for program in Self.programs { try link("bin/\(program)", to: "busybox", in: "base") }
        try write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:100:App:/home/app:/bin/sh\n", in: "base")
        try write("etc/group", "root:x:0:\nwheel:x:10:root,app\nusers:x:100:\n", in: "base")
        let image = try await build("FROM scratch\nCOPY . /\nCOPY --chmod=1777 etc/group /tmp/.made", context: "base")
        try await engine.tag(BuiltTarget([image]), as: ImageReference(parsing: "base"))
    }

    // MARK: Building

    @discardableResult
    func build(
        _ dockerfile: String, context: String = "context", ignore: String = "", created: Int64 = created,
        log: EventLog = EventLog(), _ change: (inout BuildRequest) -> Void = { _ in }
    ) async throws -> BuiltImage {
        let request = try request(dockerfile, context: context, ignore: ignore, created: created, change)
        return try #require(try await engine.build(request, report: log.receive).last)
    }

    func request(
        _ dockerfile: String, context: String = "context", ignore: String = "", created: Int64 = created,
        _ change: (inout BuildRequest) -> Void = { _ in }
    ) throws -> BuildRequest {
        let directory = try DirectoryContext(path.appending(context), ignore: IgnoreFile(ignore))
        var request = BuildRequest(dockerfile, context: directory, created: created)
        change(&request)
        return request
    }

    /// Puts an image into the store as if a registry had it: its blobs are there, its layers are not.
    func addImage(_ name: String, layers: [[UInt8]], diffIDs: [DiffID]? = nil, config: String = "{}") throws {
        var object = try JSON(parsing: Array(config.utf8)).objectValue ?? [:]
        let ids = diffIDs ?? layers.map { DiffID(Digest.of($0)) }
        object["rootfs"] = ["type": "layers", "diff_ids": .array(ids.map { .string($0.description) })]
        object["os"] = "linux"
        object["architecture"] = .string(Platform.current.architecture)
        let configBytes = JSON.object(object).canonicalBytes
        for bytes in layers + [configBytes] { _ = try engine.store.blobs.put(bytes) }
        let manifest = ImageManifest(
            config: Descriptor(of: configBytes, mediaType: .ociConfig),
            layers: layers.map { Descriptor(of: $0, mediaType: .ociLayerTar) })
        let raw = RawManifest(bytes: manifest.canonicalBytes, mediaType: .ociManifest)
        _ = try engine.store.blobs.put(raw.bytes)
        try engine.store.references.put(raw.descriptor, as: LocalName.built(try ImageReference(parsing: name)))
    }

    // MARK: Results

    /// Every file of the image by its path.
    func tree(of image: BuiltImage) async throws -> [String: String] {
        let tree = try await engine.trees.tree(of: image.chain)
        var lines: [String: String] = [:]
        var names: [FileTree.NodeID: String] = [:]
        try tree.walk { path, id in
            if !tree[id].isDirectory, let first = names[id] {
                lines[path.description] = "hard link to \(first)"
                return
            }
            names[id] = path.description
            lines[path.description] = try line(of: tree[id])
        }
        return lines
    }

    /// The entries of the image's uppermost layer.
    func layer(of image: BuiltImage, at index: Int? = nil) throws -> [String] {
        let layer = image.chain.layers[index ?? image.chain.layers.count - 1]
        return try engine.store.layers.entries(of: layer).map { entry in
            switch entry.kind {
            case .hardLink(let target): return "\(entry.path) hard link to \(target)"
            default:
                let tree = FileTree(layers: [(id: layer, entries: [entry])])
                guard let id = tree.node(at: entry.path) else { return "\(entry.path)" }
                return "\(entry.path) \(try line(of: tree[id]))"
            }
        }
    }

    private func line(of node: FileTree.Node) throws -> String {
        var attributes = ""
        for attribute in node.attributes { attributes += " \(String(decoding: attribute.name, as: UTF8.self))" }
        guard case .file(let content) = node.kind else { return node.line { _ in "" } + attributes }
        let bytes = try bytes(of: content)
        let text = bytes.count > 200 ? nil : String(validating: bytes, as: UTF8.self)
        return node.line { _ in text.map { "\"\($0)\"" } ?? Digest.of(bytes).description } + attributes
    }

    private func bytes(of content: FileContent) throws -> [UInt8] {
        switch content.source {
        case .bytes(let bytes): return bytes
        case .context: return []
        case .layer(let layer, let offset, _):
            return try engine.store.layers.openTar(of: layer).read(count: Int(content.size), at: offset)
        }
    }

    func config(of image: BuiltImage) throws -> ImageConfig { try ImageConfig(parsing: image.configBytes) }
}
