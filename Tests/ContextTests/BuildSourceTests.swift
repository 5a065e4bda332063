import Build
import Engine
import Foundation
import Git
import HTTP
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// Contexts of all kinds with their Dockerfiles.
@Suite(.timeLimit(.minutes(3)))
struct BuildSourceTests {
    let yard: Yard

    init() throws { yard = try Yard() }

    private func stream(_ bytes: [UInt8]) -> ContextOrigin { .stream(.of(bytes)) }

    private func repository(_ text: String) throws -> ContextOrigin {
        .repository(try GitAddress(parsing: text, allowing: [.http, .file]))
    }

    private func url(_ text: String) throws -> HTTPURL { try HTTPURL(parsing: text) }

    private func failure(_ origin: ContextOrigin, _ dockerfile: DockerfileOrigin = .usual) async -> String {
        do {
            try await yard.build(try await yard.source(origin, dockerfile))
            return "no error"
        } catch { return "\(error)" }
    }

    // MARK: One source, several ways

    @Test func aCloneItsCommitAndItsArchiveGiveTheSameImage() async throws {
        let served = try await ServedRepository()
        try served.write("FROM scratch\nCOPY . /", to: "Dockerfile")
        try served.write("*.log\n", to: ".dockerignore")
        try served.write("x", to: "run", mode: 0o775)
        try served.write("x", to: "noise.log")
        try FileManager.default.createSymbolicLink(
            atPath: served.root.appending("repository/link").string, withDestinationPath: "run")
        try await served.commit()
        let clone = served.root.appending("repository")
        let archive = try await yard.tool(
            "git", "-c", "safe.directory=*", "archive", "--format=tar.gz", "HEAD", in: clone)
        let server = try ScriptedServer { _, _ in .answer(200, body: archive) }
        var chains: [LayerChain] = []
        for origin in [
            .directory(clone), try repository(served.url),
            try repository("file://\(served.root)/served/repository.git"),
            stream(archive), .url(try url("\(server.url)/source.tar.gz")),
        ] as [ContextOrigin] {
            let image = try await yard.build(try await yard.source(origin))
            chains.append(image.chain)
            #expect(try await yard.files(of: image).keys.sorted() == [".dockerignore", "Dockerfile", "link", "run"])
        }
        #expect(Set(chains).count == 1)
    }

    @Test func theCommitSaysWhenTheSourceWasMade() async throws {
        let served = try await ServedRepository()
        try served.write("FROM scratch", to: "Dockerfile")
        try await served.commit()
        let source = try await yard.source(try repository(served.url))
        #expect(try await source.created(environment: 5) == 1_700_000_100)
        #expect(try await yard.source(stream(Array("FROM scratch".utf8))).created(environment: 5) == 5)
    }

    // MARK: Repositories

    @Test func theDockerfileIsSoughtInTheSubdirectoryAndByItsOwnName() async throws {
        let served = try await ServedRepository()
        try served.write("FROM scratch\nCOPY . /", to: "service/build/App.dockerfile")
        try served.write("*\n!kept\n", to: "service/build/App.dockerfile.dockerignore")
        try served.write("kept\n", to: "service/.dockerignore")
        try served.write("K", to: "service/kept")
        try await served.commit()
        let source = try await yard.source(
            try repository(served.url + "#main:service"), .path("build/App.dockerfile"))
        #expect(try await yard.files(of: try await yard.build(source)) == ["kept": "644 K"])
        let message = await failure(try repository(served.url + "#main:service"))
        #expect(message.contains("has no file `Dockerfile`"), "\(message)")
    }

    @Test func theRepositoryIsKeptOnRequest() async throws {
        let served = try await ServedRepository()
        try served.write("FROM scratch\nCOPY .git/HEAD /", to: "Dockerfile")
        let commit = try await served.commit()
        let image = try await yard.build(try await yard.source(try repository(served.url + "?keep-git-dir=1")))
        #expect(try await yard.files(of: image) == ["HEAD": "644 \(commit)\n"])
        #expect(await failure(try repository(served.url)).contains("is not in the build context"))
    }

    // MARK: Streams

    @Test(arguments: ["cat", "gzip", "bzip2", "xz", "zstd"])
    func anArchiveMayBeCompressedInAnyWay(_ program: String) async throws {
        try yard.write("in/Dockerfile", "FROM scratch\nCOPY a /")
        try yard.write("in/a", "A")
        let archive = try await yard.tool(program, input: try await yard.tool("tar", "-c", "-C", "in", "."))
        let image = try await yard.build(try await yard.source(stream(archive)))
        #expect(try await yard.files(of: image) == ["a": "644 A"])
    }

    @Test(arguments: ["cat", "zstd"])
    func aFileIsAnArchiveOrTheDockerfileOfItsDirectory(_ program: String) async throws {
        try yard.write("in/App", "FROM scratch\nCOPY . /")
        try yard.write("in/App.dockerignore", "App*")
        try yard.write("in/a", "A")
        let directory = yard.path.appending("in")
        let archive = try await yard.tool(program, input: try await yard.tool("tar", "-c", "-C", "in", "."))
        try yard.write("archive", archive)
        let file = try ContextOrigin.local(yard.path.appending("archive"))
        var chains: Set<LayerChain> = []
        for source in [
            try await yard.source(file, .path("App")), try await yard.source(.local(directory.appending("App"))),
            try await yard.source(.local(directory), .path(directory.appending("App").string)),
        ] {
            let image = try await yard.build(source)
            #expect(try await yard.files(of: image) == ["a": "644 A"])
            chains.insert(image.chain)
        }
        #expect(chains.count == 1)
        #expect(await failure(try .local(directory.appending("a")), .path("App")).contains("nor an archive"))
        #expect(await failure(file).contains("has no file `Dockerfile`"))
    }

    /// Rule 95 of the reference.
    @Test func aDockerfileByItselfHasNoContext() async throws {
        let server = try ScriptedServer { _, _ in .answer(200, text: "content") }
        let source = try await yard.source(stream(Array("FROM scratch\nADD \(server.url)/f /".utf8)))
        #expect(try await yard.files(of: try await yard.build(source)) == ["f": "600 content"])
        let message = await failure(stream(Array("FROM scratch\nCOPY f /".utf8)))
        #expect(message.contains("`f` is not in the build context"), "\(message)")
        let named = await failure(stream(Array("FROM scratch".utf8)), .path("other"))
        #expect(named.contains("name no other one"), "\(named)")
    }

    /// Rule 96 of the reference.
    @Test func aURLIsAnArchiveOrTheDockerfile() async throws {
        let server = try ScriptedServer { _, _ in .answer(200, text: "FROM scratch\nLABEL a=b") }
        let source = try await yard.source(.url(try url("\(server.url)/Dockerfile")))
        #expect(try ImageConfig(parsing: try await yard.build(source).configBytes).labels == ["a": "b"])
        try yard.write("dir/f", "F")
        try yard.write("dir/.dockerignore", "g")
        try yard.write("dir/g", "G")
        let other = try ScriptedServer { _, _ in .answer(200, text: "FROM scratch\nCOPY . /") }
        let mixed = try await yard.source(
            .directory(yard.path.appending("dir")), .url(try url("\(other.url)/Dockerfile")))
        #expect(try await yard.files(of: try await yard.build(mixed)).keys.sorted() == [".dockerignore", "f"])
    }

    // MARK: Archives

    @Test func anArchivesFilesAreCanonical() async throws {
        let archive = TarArchive.of { tar in
            tar.add("Dockerfile", content: "FROM scratch\nCOPY . /d/")
            tar.add("/absolute", content: "1", mode: 0o4777)
            tar.add("./dot/", type: "5", mode: 0o700)
            tar.add("dot/twice", content: "old")
            tar.add("dot/twice", content: "new", mode: 0o600)
            tar.add("hard", type: "1", link: "absolute")
            tar.add("out", type: "2", link: "/etc")
            tar.add("implied/deep/f", content: "f")
            tar.add(".git/config", content: "hush")
            tar.add("kept/.git/config", content: "2")
        }
        let image = try await yard.build(try await yard.source(stream(archive)))
        var files = try await yard.files(of: image)
        files["d/Dockerfile"] = nil
        #expect(
            files == [
                "d/absolute": "755 1", "d/dot/twice": "644 new", "d/hard": "755 1", "d/out": "-> /etc",
                "d/implied/deep/f": "644 f", "d/kept/.git/config": "644 2",
            ])
    }

    /// Two archives one after the other, or what an old tape had behind its end.
    @Test func whatFollowsTheEndIsNoPartOfAnArchive() async throws {
        let first = TarArchive.of { $0.add("Dockerfile", content: "FROM scratch\nADD in.tar /\n") }
        let inner = TarArchive.of { $0.add("a", content: "A") } + TarArchive.of { $0.add("b", content: "B") }
        try yard.write("d/Dockerfile", "FROM scratch\nADD in.tar /\n")
        try yard.write("d/in.tar", inner)
        let image = try await yard.build(try await yard.source(.directory(yard.path.appending("d"))))
        #expect(try await yard.files(of: image) == ["a": "644 A"])
        let message = await failure(stream(first + [UInt8](repeating: 7, count: 700_000)))
        #expect(message.contains("`in.tar` is not in the build context"), "\(message)")
    }

    /// What pads an archive on a tape, or signs it.
    @Test(arguments: [[UInt8](repeating: 0, count: 10_240), Array("garbage".utf8), Array("BZh9".utf8)])
    func whatFollowsTheCompressedArchiveIsNoPartOfIt(_ rest: [UInt8]) async throws {
        // More than is decompressed at once, for the end to come late.
        let long = String(repeating: "0123456789abcdef", count: 1 << 19)
        let inner = try await yard.tool("gzip", "-c", input: TarArchive.of { $0.add("a", content: long) })
        try yard.write("d/Dockerfile", "FROM scratch\nADD in.tar.gz /\n")
        try yard.write("d/in.tar.gz", inner + rest)
        let image = try await yard.build(try await yard.source(.directory(yard.path.appending("d"))))
        #expect(try await yard.files(of: image) == ["a": "644 \(long)"])
        // Within the archive it is an error.
        try yard.write("d/in.tar.gz", Array(inner.prefix(inner.count - 900)) + rest)
        let message = await failure(.directory(yard.path.appending("d")))
        #expect(message.contains("cannot unpack `in.tar.gz`"), "\(message)")
    }

    @Test func namesThatMeanDeletionInLayersAreFilesInAnArchive() async throws {
        let archive = TarArchive.of { tar in
            tar.add("Dockerfile", content: "FROM scratch\nCOPY f /")
            tar.add("f", content: "F")
            tar.add(".wh.f", content: "")
        }
        #expect(
            try await yard.files(of: try await yard.build(try await yard.source(stream(archive)))) == ["f": "644 F"])
    }

    @Test func linksInAnArchiveAreFollowedInsideOfIt() async throws {
        let archive = TarArchive.of { tar in
            tar.add("Dockerfile", content: "FROM scratch\nCOPY . /")
            tar.add("etc", type: "2", link: "/inside")
            tar.add("inside/", type: "5")
            tar.add("etc/passwd", content: "p")
        }
        let files = try await yard.files(of: try await yard.build(try await yard.source(stream(archive))))
        #expect(files["inside/passwd"] == "644 p")
    }

    static let hostile: [(String, [UInt8], String)] = [
        ("parent", TarArchive.of { $0.add("a/../../x", content: "x") }, "`a/../../x`"),
        ("link to nothing", TarArchive.of { $0.add("x", type: "1", link: "/etc/passwd") }, "x"),
        (
            "below a file",
            TarArchive.of {
                $0.add("f", content: "x")
                $0.add("f/g", content: "x")
            }, "is not a directory"
        ),
        (
            "link to itself",
            TarArchive.of {
                $0.add("l", type: "2", link: "l")
                $0.add("l/g", content: "x")
            }, "too many symbolic links"
        ),
        (
            "cut off", Array(TarArchive.of { $0.add("f", content: String(repeating: "x", count: 3000)) }.prefix(2048)),
            "truncated"
        ),
        (
            "a huge name", TarArchive.of { $0.add("n", type: "L", content: String(repeating: "x", count: 9000)) },
            "limit"
        ),
    ]

    @Test(arguments: hostile.indices)
    func archivesThatReachOutOrLieAreRefused(_ index: Int) async throws {
        let (name, archive, expected) = Self.hostile[index]
        let message = await failure(stream(archive))
        #expect(message.contains("cannot be a build context") && message.contains(expected), "\(name): \(message)")
    }

    @Test func aDockerfileThatIsALinkOutOfTheArchiveIsNotRead() async throws {
        let message = await failure(stream(TarArchive.of { $0.add("Dockerfile", type: "2", link: "/etc/passwd") }))
        #expect(message.contains("has no file `Dockerfile`"), "\(message)")
    }

    // MARK: Directories

    @Test func linksOutOfADirectoryAreNotReadAsItsDockerfileOrIgnoreFile() async throws {
        try yard.write("canary", "SECRET of this machine\n[")
        try yard.write("d/real", "FROM scratch\nCOPY . /")
        try yard.write("d/sub/up", "FROM scratch\nCOPY . /")
        let directory = yard.path.appending("d")
        func link(_ name: String, to target: String) throws {
            try? FileManager.default.removeItem(atPath: directory.appending(name).string)
            try FileManager.default.createSymbolicLink(
                atPath: directory.appending(name).string, withDestinationPath: target)
        }
        for target in ["../canary", "\(yard.path)/canary", "sub/../../canary"] {
            try link("Dockerfile", to: target)
            let message = await failure(.directory(directory))
            #expect(message.contains("leads out of") && !message.contains("SECRET"), "\(message)")
        }
        // One that stays inside is a Dockerfile.
        try link("Dockerfile", to: "real")
        _ = try await yard.build(try await yard.source(.directory(directory)))
        try link("sub/up", to: "../real")
        _ = try await yard.build(try await yard.source(.directory(directory), .path("\(directory)/sub/up")))
        try link(".dockerignore", to: "../canary")
        let message = await failure(.directory(directory))
        #expect(message.contains("leads out of") && !message.contains("SECRET"), "\(message)")
        // What whoever builds names himself is his business.
        try link("../outside", to: "canary")
        try yard.write("canary", "FROM scratch")
        try FileManager.default.removeItem(atPath: directory.appending(".dockerignore").string)
        _ = try await yard.build(try await yard.source(.directory(directory), .path("\(yard.path)/outside")))
    }

    @Test(arguments: ["gzip", "xz", "zstd", "bzip2"])
    func whatIsCompressedAndNoArchiveIsNoDockerfile(_ program: String) async throws {
        let bytes = try await yard.tool(program, input: Array("FROM scratch".utf8))
        let message = await failure(stream(bytes))
        #expect(message.contains("neither an archive nor a Dockerfile: it is \(program)"), "\(message)")
    }

    @Test func whatIsNeitherArchiveNorDockerfileIsADockerfileWithMistakes() async throws {
        let message = await failure(stream(Array("hello\n".utf8)))
        #expect(message.contains("hello"), "\(message)")
        #expect(await failure(stream([])).contains("empty"))
    }
}
