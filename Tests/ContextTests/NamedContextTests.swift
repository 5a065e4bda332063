import Build
import Engine
import Foundation
import OCI
import Registry
import SystemPackage
import TestServers
import Testing

@Suite(.timeLimit(.minutes(3)))
struct NamedContextTests {
    let yard: Yard

    init() throws { yard = try Yard() }

    private func contexts(_ texts: [String: String]) async throws -> NamedContexts {
        let remotes = try yard.engine.remotes()
        var contexts: [String: NamedContext] = [:]
        for (name, text) in texts {
            contexts[name] = try await yard.engine.namedContext(text, from: yard.path, through: remotes)
        }
        return NamedContexts(contexts)
    }

    private func build(_ dockerfile: String, _ texts: [String: String]) async throws -> BuiltImage {
        let contexts = try await contexts(texts)
        return try await yard.build(dockerfile) { $0.namedContexts = contexts }
    }

    @Test func aDirectoryAppliesItsOwnIgnoreFile() async throws {
        try yard.write("lib/a", "A")
        try yard.write("lib/b", "B")
        try yard.write("lib/.dockerignore", "b\n.dockerignore")
        let image = try await build("FROM scratch\nCOPY --from=lib / /d/", ["lib": "lib"])
        #expect(try await yard.files(of: image) == ["d/a": "644 A"])
    }

    @Test func anArchiveIsAContextToo() async throws {
        try yard.write("lib/a", "A")
        try yard.write("lib/b", "B")
        try yard.write("lib/.dockerignore", "b\n.dockerignore")
        try yard.write("lib.tgz", try await yard.tool("tar", "-cz", "-C", "lib", "."))
        let image = try await build("FROM scratch\nCOPY --from=lib / /d/", ["lib": "lib.tgz"])
        #expect(try await yard.files(of: image) == ["d/a": "644 A"])
        await #expect(throws: BuildError.self) { try await contexts(["lib": "lib/a"]) }
    }

    @Test func aDirectoryComesBeforeTheForgeOfItsName() async throws {
        try yard.write("github.com/owner/x/a", "A")
        let image = try await build("FROM scratch\nCOPY --from=lib / /d/", ["lib": "github.com/owner/x"])
        #expect(try await yard.files(of: image) == ["d/a": "644 A"])
    }

    @Test func aContextTakesThePlaceOfAStageAndOfAnImage() async throws {
        try yard.write("lib/a", "A")
        let stage = try await build(
            "FROM scratch AS one\nCOPY missing /\nFROM scratch\nCOPY --from=one a /", ["ONE": "lib"])
        #expect(try await yard.files(of: stage) == ["a": "644 A"])
        let image = try await build("FROM nowhere.example/app\nLABEL x=y", ["nowhere.example/app:latest": "lib"])
        #expect(try await yard.files(of: image) == ["a": "644 A"])
        let scratch = try await build("FROM nowhere.example/app", ["nowhere.example/app": "docker-image://scratch"])
        #expect(try await yard.files(of: scratch).isEmpty)
    }

    @Test func aRepositoryAndAURLAreContextsToo() async throws {
        let served = try await ServedRepository()
        try served.write("G", to: "sub/g")
        try served.write("n", to: "sub/noise")
        try served.write("noise\n.dockerignore", to: "sub/.dockerignore")
        try await served.commit()
        try yard.write("in/t", "T")
        let archive = try await yard.tool("tar", "-cz", "-C", "in", "t")
        let server = try ScriptedServer { request, _ in
            request.path == "/a.tgz" ? .answer(200, body: archive) : .answer(200, text: "plain")
        }
        let image = try await build(
            "FROM scratch\nCOPY --from=git . /git/\nCOPY --from=tar . /tar/\nCOPY --from=file . /file/",
            ["git": served.url + "#main:sub", "tar": server.url + "/a.tgz", "file": server.url + "/f"])
        #expect(
            try await yard.files(of: image) == ["git/g": "644 G", "tar/t": "644 T", "file/f": "600 plain"])
    }

    @Test func whatNoStageNeedsIsNotFetched() async throws {
        let image = try await build("FROM scratch\nLABEL a=b", ["unused": "http://127.0.0.1:1/x"])
        #expect(try await yard.files(of: image).isEmpty)
    }

    // MARK: Layouts

    /// A layout with the images `one` and `two`, each a file of its name.
    private func layout() async throws -> OCILayout {
        let layout = try await OCILayout.create(yard.path.appending("layout"))
        for name in ["one", "two"] {
            let tar = TarArchive.of { $0.add(name, content: name) }
            let config: JSON = [
                "os": "linux", "architecture": .string(Platform.current.architecture),
                "rootfs": ["type": "layers", "diff_ids": [.string(Digest.of(tar).description)]],
                "config": ["Env": [.string("NAME=\(name)")]],
            ]
            let manifest = ImageManifest(
                config: Descriptor(of: config.canonicalBytes, mediaType: .ociConfig),
                layers: [Descriptor(of: tar, mediaType: .ociLayerTar)])
            let repository = try ImageReference(parsing: "layout").repository
            try await layout.put(manifest.layers[0], .bytes(tar), in: repository)
            try await layout.put(manifest.config, .bytes(config.canonicalBytes), in: repository)
            try await layout.put(
                RawManifest(bytes: manifest.canonicalBytes, mediaType: .ociManifest), tag: name, in: repository)
        }
        return layout
    }

    @Test func imagesOfALayoutAreFoundByTagAndByDigest() async throws {
        let layout = try await layout()
        let digest = try await layout.manifests()[1].digest
        for (place, file) in [("layout:one", "one"), ("layout:two", "two"), ("layout@\(digest)", "two")] {
            let image = try await build("FROM base\nLABEL a=b", ["base": "oci-layout://\(place)"])
            #expect(try await yard.files(of: image) == [file: "644 \(file)"])
            #expect(try ImageConfig(parsing: image.configBytes).environment.contains("NAME=\(file)"))
        }
        let copied = try await build("FROM scratch\nCOPY --from=base one /", ["base": "oci-layout://layout:one"])
        #expect(try await yard.files(of: copied) == ["one": "644 one"])
    }

    @Test func whatALayoutDoesNotHaveIsNamed() async throws {
        _ = try await layout()
        for (place, expected) in [
            ("oci-layout://layout:three", "it has: one, two"), ("oci-layout://layout", "no image named `latest`"),
            ("oci-layout://nowhere", "nowhere"), ("s3://x", "unknown scheme"), ("nowhere", "must be a directory"),
            ("docker-image://UPPER", "UPPER"),
        ] {
            let error = await #expect(throws: (any Error).self) { try await contexts(["base": place]) }
            #expect("\(error!)".contains(expected), "\(error!)")
        }
    }

    @Test func aLayerOfALayoutIsVerified() async throws {
        let layout = try await layout()
        let manifest = try await layout.manifests()[0]
        let raw = try await layout.manifest(manifest, in: try ImageReference(parsing: "x").repository)
        let layer = try ImageManifest(parsing: raw.bytes).layers[0]
        let size = Int(layer.size)
        try yard.write("layout/blobs/sha256/\(layer.digest.hex)", [UInt8](repeating: 0, count: size))
        let error = await #expect(throws: (any Error).self) {
            try await build("FROM base", ["base": "oci-layout://layout:one"])
        }
        #expect("\(error!)".contains(layer.digest.hex.prefix(12)), "\(error!)")
    }

    // MARK: Unused

    @Test(arguments: [("bas", 1), ("base", 0), ("docker.io/library/app:latest", 0), ("app:2", 1), ("from", 0)])
    func aContextThatNothingNamesIsWarnedAbout(_ name: String, _ count: Int) async throws {
        try yard.write("lib/a", "A")
        _ = try await build(
            """
            FROM scratch AS base
            FROM app AS other
            COPY --from=from / /
            FROM scratch
            """, [name: "lib"])
        #expect(yard.warnings.count { $0.contains("is not used") } == count, "\(yard.warnings)")
    }
}
