import ArgumentParser
import Build
import Engine
import Linux
import OCI
import Storage

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Images in the store.",
        subcommands: [List.self, History.self, Inspect.self, Remove.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "Lists the images by name.")
        @OptionGroup var store: StoreOptions

        func run() throws {
            let entries = try store.openStore().references.all()
            let rows = entries.map { entry in
                (
                    name: LocalName.reference(in: entry.name) ?? entry.name, digest: entry.descriptor.digest,
                    isPushed: entry.name.hasPrefix("mirrored ")
                )
            }
            if store.json {
                let json = rows.map { row -> JSON in
                    [
                        "name": .string(row.name), "digest": .string(row.digest.description),
                        "in_registry": .bool(row.isPushed),
                    ]
                }
                StandardOutput.write(JSON.array(json).lineText + "\n")
                return
            }
            StandardOutput.write(
                TextTable.text(
                    ["NAME", "DIGEST", "IN REGISTRY"],
                    rows.map { [$0.name, "sha256:" + $0.digest.short, $0.isPushed ? "yes" : "no"] }))
        }
    }

    struct History: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "history", abstract: "Shows how an image was made, newest step first.")
        @Argument(help: "An image of the store.") var reference: String
        @OptionGroup var store: StoreOptions

        func run() throws {
            let image = try StoredImage(reference, in: try store.openStore())
            var layers = image.layers.makeIterator()
            let rows = image.config.history.map { entry in (entry, entry.isEmptyLayer ? nil : layers.next()) }
            if store.json {
                let json = rows.map { entry, layer -> JSON in
                    [
                        "created": entry.created.map(JSON.string), "created_by": entry.createdBy.map(JSON.string),
                        "comment": entry.comment.map(JSON.string), "empty_layer": .bool(layer == nil),
                        "diff_id": layer.map { .string($0.diffID.description) },
                        "size": layer.map { .integer($0.blob.size) },
                    ]
                }
                StandardOutput.write(JSON.array(json).lineText + "\n")
                return
            }
            StandardOutput.write(
                TextTable.text(
                    ["CREATED", "SIZE", "LAYER", "CREATED BY"],
                    rows.reversed().map { entry, layer in
                        [
                            entry.created ?? "", layer.map { ByteCount.text($0.blob.size) } ?? "",
                            layer?.diffID.digest.short ?? "", entry.createdBy ?? entry.comment ?? "",
                        ]
                    }))
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Prints an image's manifest and configuration as JSON.")
        @Argument(help: "An image of the store.") var reference: String
        @OptionGroup var store: StoreOptions

        func run() throws {
            let image = try StoredImage(reference, in: try store.openStore())
            let json: JSON = [
                "name": .string(image.reference.description), "digest": .string(image.root.digest.description),
                "manifest": image.manifest.json, "config": image.config.json,
            ]
            StandardOutput.write((store.json ? json.lineText : json.indentedText) + "\n")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Takes the name off an image. Its layers stay for other images and the cache.")
        @Argument(help: "An image of the store.") var reference: String
        @OptionGroup var store: StoreOptions

        func run() throws {
            let store = try store.openStore()
            let reference = try ImageReference(tagArgument: self.reference)
            let removed = try [LocalName.built(reference), LocalName.mirrored(reference)].map {
                try store.references.remove($0)
            }
            guard removed.contains(true) else {
                throw CommandFailure.usage(
                    "no image `\(reference)` in the store", hint: "`caisson image ls` lists them")
            }
        }
    }
}

/// An image that the store has by name, with its documents.
struct StoredImage {
    struct Layer {
        let diffID: DiffID
        let blob: Descriptor
    }

    let reference: ImageReference
    /// The manifest, or the index that holds it.
    let root: Descriptor
    let manifest: ImageManifest
    let config: ImageConfig
    let layers: [Layer]

    init(_ text: String, in store: Store) throws {
        reference = try ImageReference(argument: text)
        let named =
            try store.references.get(LocalName.built(reference)) ?? store.references.get(LocalName.mirrored(reference))
        guard let named else {
            throw CommandFailure.usage(
                "no image `\(reference)` in the store", hint: "`caisson image ls` lists them, `caisson pull` gets one")
        }
        root = named
        var bytes = try store.blobs.read(named.digest)
        if let index = try? ImageIndex(parsing: bytes) {
            bytes = try store.blobs.read(try index.manifest(for: .current).digest)
        }
        manifest = try ImageManifest(parsing: bytes)
        config = try ImageConfig(parsing: try store.blobs.read(manifest.config.digest))
        layers = zip(config.diffIDs, manifest.layers).map { Layer(diffID: $0, blob: $1) }
    }
}
