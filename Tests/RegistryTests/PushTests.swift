import Foundation
import OCI
import Registry
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PushTests {
    private static let sample = SampleImage.bytes(600_000)
    private var bytes: [UInt8] { Self.sample }
    private var blob: Descriptor { Descriptor(of: bytes, mediaType: .ociLayerTar) }

    private static let begin = Script.answer(202, [("Location", "/v2/team/app/blobs/uploads/1?_state=abc%3D")])

    private func put(_ registry: ScriptedRegistry, _ content: BlobContent? = nil) async throws {
        try await registry.client.put(blob, content ?? .bytes(bytes), in: registry.repository)
    }

    @Test func blobIsSentInOneRequestThatKeepsTheLocationsQuery() async throws {
        let registry = try ScriptedRegistry { request, _ in request.method == "POST" ? Self.begin : .answer(201) }
        try await put(registry)
        let requests = registry.server.requests
        #expect(requests.map(\.method) == ["POST", "PUT"])
        #expect(requests[1].target == "/v2/team/app/blobs/uploads/1?_state=abc%3D&digest=\(blob.digest)")
        #expect(requests[1].body == bytes && requests[1].header("Content-Length") == "600000")
    }

    @Test func everyFormOfContentArrives() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "blob-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        let bytes = bytes
        let stream = BlobContent.stream { offset in
            let pieces = Pieces(bytes, from: Int(offset))
            return BlobStream { await pieces.next() }
        }
        for content in [BlobContent.bytes(bytes), .file(path: path), stream] {
            let registry = try ScriptedRegistry { request, _ in request.method == "POST" ? Self.begin : .answer(201) }
            try await put(registry, content)
            #expect(registry.server.requests.last?.body == bytes)
        }
    }

    @Test func uploadElsewhereGetsNoCredentials() async throws {
        let store = try ScriptedServer { _, _ in .answer(201) }
        let registry = try ScriptedRegistry.authenticated { request, _ in
            request.header("Authorization") == nil
                ? .answer(401, [("WWW-Authenticate", "Basic realm=\"x\"")])
                : .answer(202, [("Location", store.url + "/upload?sig=1")])
        }
        try await put(registry)
        #expect(store.requests.map(\.target) == ["/upload?sig=1&digest=\(blob.digest)"])
        #expect(store.requests[0].header("Authorization") == nil && store.requests[0].body == bytes)
    }

    @Test(arguments: [nil, "file:///etc/passwd", "http://user:pw@127.0.0.1/"])
    func uploadWithoutUsableLocationIsRefused(location: String?) async throws {
        let registry = try ScriptedRegistry { _, _ in .answer(202, location.map { [("Location", $0)] } ?? []) }
        await #expect { try await put(registry) } throws: { ($0 as? RegistryError)?.code == .invalidResponse }
    }

    @Test func brokenUploadStartsOver() async throws {
        let registry = try ScriptedRegistry(
            bodyLimit: { $0.target.contains("uploads/1?") ? 100_000 : nil },
            { request, number in
                switch request.method {
                case "POST": .answer(202, [("Location", "/v2/team/app/blobs/uploads/\(number == 1 ? 1 : 2)?s=1")])
                case "HEAD": .headOnly(404, [("Content-Length", "0")])
                case "GET": .answer(404)
                default: .answer(201)
                }
            })
        try await put(registry)
        #expect(registry.server.requests.last?.body == bytes)
        #expect(registry.server.requests.map(\.method).suffix(4) == ["HEAD", "GET", "POST", "PUT"])
    }

    @Test func brokenUploadGoesOnWhereTheRegistrySays() async throws {
        let registry = try ScriptedRegistry(
            bodyLimit: { $0.target.contains("s=1") && $0.method == "PUT" ? 100_000 : nil },
            { request, _ in
                switch request.method {
                case "POST": .answer(202, [("Location", "/v2/team/app/blobs/uploads/1?s=1")])
                case "HEAD": .headOnly(404, [("Content-Length", "0")])
                case "GET": .answer(204, [("Location", "/v2/team/app/blobs/uploads/1?s=2"), ("Range", "0-99999")])
                default: .answer(201)
                }
            })
        try await put(registry)
        let last = try #require(registry.server.requests.last)
        #expect(last.body == Array(bytes[100_000...]) && last.header("Content-Range") == "100000-599999")
        #expect(last.target.contains("s=2"))
    }

    @Test func streamIsOpenedAgainWhenItsTokenIsRefused() async throws {
        let bytes = bytes
        let registry = try ScriptedRegistry.authenticated { request, number in
            if request.path == "/token" { return .answer(200, text: #"{"token":"token\#(number)"}"#) }
            let isKnown =
                request.header("Authorization").map { $0 != "Bearer token2" || request.method == "POST" } ?? false
            guard isKnown else {
                let realm = "http://\(request.header("Host") ?? "")/token"
                return .answer(401, [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"x\"")])
            }
            switch request.method {
            case "POST": return Self.begin
            case "HEAD": return .headOnly(404, [("Content-Length", "0")])
            default: return .answer(201)
            }
        }
        try await put(
            registry, .stream { BlobStream { [pieces = Pieces(bytes, from: Int($0))] in await pieces.next() } })
        #expect(registry.server.requests.last?.body == bytes)
        #expect(registry.server.requests.count { $0.path == "/token" } == 2)
    }

    @Test func lostAnswerToAFinishedUploadIsNoFailure() async throws {
        let registry = try ScriptedRegistry { request, _ in
            switch request.method {
            case "POST": Self.begin
            case "HEAD": .headOnly(200, [("Content-Length", "600000")])
            default: .answer(500)
            }
        }
        try await put(registry)
        #expect(registry.server.requests.map(\.method) == ["POST", "PUT", "HEAD"])
    }

    @Test(arguments: [
        (401, RegistryError.Code.unauthorized), (403, .denied), (409, .refused), (413, .refused), (500, .unavailable),
        (503, .unavailable), (507, .unavailable),
    ])
    func refusedUploadSaysWhy(status: Int, code: RegistryError.Code) async throws {
        let registry = try ScriptedRegistry { request, _ in
            switch request.method {
            case "POST": Self.begin
            case "PUT": .error(status, "DENIED", "quota reached")
            default: .headOnly(404, [("Content-Length", "0")])
            }
        }
        await #expect { try await put(registry) } throws: { error in
            (error as? RegistryError)?.code == code && "\(error)".contains("quota reached")
                && "\(error)".contains("cannot push")
        }
        #expect(registry.server.requests.count <= 20)
    }

    @Test func manifestIsPutByTagWithItsType() async throws {
        let image = SampleImage(layers: [])
        let registry = try ScriptedRegistry { _, _ in .answer(201) }
        try await registry.client.put(image.manifest, tag: "1.0", in: registry.repository)
        try await registry.client.put(image.manifest, tag: nil, in: registry.repository)
        let requests = registry.server.requests
        #expect(
            requests.map(\.path) == [
                "/v2/team/app/manifests/1.0", "/v2/team/app/manifests/\(image.manifest.descriptor.digest)",
            ])
        #expect(requests[0].body == image.manifest.bytes)
        #expect(requests[0].header("Content-Type") == MediaType.ociManifest.rawValue)
    }

    @Test func registryThatStoresAnotherManifestIsFoundOut() async throws {
        let registry = try ScriptedRegistry { _, _ in
            .answer(201, [("Docker-Content-Digest", "sha256:" + String(repeating: "0", count: 64))])
        }
        await #expect(throws: OCIError.self) {
            try await registry.client.put(SampleImage(layers: []).manifest, tag: "1", in: registry.repository)
        }
    }

    // MARK: Mounts

    private func mount(_ registry: ScriptedRegistry) async throws -> Bool {
        let origin = RepositoryName(registry: registry.server.host, path: "base/image")
        return try await registry.client.mount(blob, from: origin, in: registry.repository)
    }

    @Test(arguments: [(201, true), (401, false), (403, false), (404, false), (405, false)])
    func mountSucceedsOrIsDeclined(status: Int, isMounted: Bool) async throws {
        let registry = try ScriptedRegistry { _, _ in .answer(status) }
        #expect(try await mount(registry) == isMounted)
        #expect(
            registry.server.requests[0].target == "/v2/team/app/blobs/uploads/?mount=\(blob.digest)&from=base/image")
    }

    @Test func uploadBegunByADeclinedMountIsUsed() async throws {
        let registry = try ScriptedRegistry { request, _ in request.method == "POST" ? Self.begin : .answer(201) }
        #expect(try await mount(registry) == false)
        try await put(registry)
        #expect(registry.server.requests.map(\.method) == ["POST", "PUT"])
    }

    @Test func blobOfAnotherRegistryIsNotMounted() async throws {
        let registry = try ScriptedRegistry { _, _ in .answer(201) }
        let origin = RepositoryName(registry: "registry.example.org", path: "x")
        #expect(try await registry.client.mount(blob, from: origin, in: registry.repository) == false)
        #expect(registry.server.requests.isEmpty)
    }

    // MARK: Tags

    @Test func tagsAreReadPageByPage() async throws {
        let registry = try ScriptedRegistry { request, _ in
            request.target.contains("last=b")
                ? .answer(200, text: #"{"name":"team/app","tags":["c"]}"#)
                : .answer(
                    200, [("Link", "</v2/team/app/tags/list?n=2&last=b>; rel=\"next\"")],
                    text: #"{"name":"team/app","tags":["a","b","../x"]}"#)
        }
        #expect(try await registry.client.tags(of: registry.repository) == ["a", "b", "c"])
    }

    @Test func nextPageElsewhereIsRefused() async throws {
        let registry = try ScriptedRegistry { _, _ in
            .answer(200, [("Link", "<http://127.0.0.1:1/x>; rel=\"next\"")], text: #"{"tags":["a"]}"#)
        }
        await #expect(throws: RegistryError.self) { try await registry.client.tags(of: registry.repository) }
    }
}

/// Bytes in pieces of uneven size.
actor Pieces {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8], from offset: Int) { rest = bytes[offset...] }

    func next() -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        defer { rest = rest.dropFirst(77_777) }
        return Array(rest.prefix(77_777))
    }
}
