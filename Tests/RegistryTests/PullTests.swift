import HTTP
import OCI
import Registry
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PullTests {
    private static let sample = SampleImage(layers: [SampleImage.bytes(800_000)])
    private var image: SampleImage { Self.sample }
    private var layer: Descriptor { image.descriptors[0] }

    private func ociCode(_ body: () async throws -> Void) async -> OCIError.Code? {
        do { try await body() } catch { return (error as? OCIError)?.code }
        return nil
    }

    // MARK: Manifests

    @Test func tagIsResolvedByOneHead() async throws {
        let registry = try ScriptedRegistry { [image] request, _ in
            .manifest(image.manifest, isHead: request.method == "HEAD")
        }
        #expect(try await registry.client.resolve(registry.reference) == image.manifest.descriptor)
        #expect(registry.server.requests.map(\.method) == ["HEAD"])
        #expect(registry.server.requests[0].path == "/v2/team/app/manifests/1")
        let accept = registry.server.requests[0].header("Accept") ?? ""
        #expect(MediaType.acceptedManifests.allSatisfy { accept.contains($0.rawValue) })
    }

    @Test(arguments: [404, 405, 400, 501])
    func tagIsResolvedByGetWhereHeadFails(status: Int) async throws {
        let registry = try ScriptedRegistry { [image] request, _ in
            request.method == "HEAD" ? .headOnly(status, [("Content-Length", "0")]) : .manifest(image.manifest)
        }
        #expect(try await registry.client.resolve(registry.reference) == image.manifest.descriptor)
    }

    @Test(arguments: [
        [("Content-Type", "application/vnd.oci.image.manifest.v1+json")],
        [("Content-Type", "text/html"), ("Docker-Content-Digest", "sha256:" + String(repeating: "0", count: 64))],
        [
            ("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
            ("Docker-Content-Digest", "sha256:../../etc/x"),
        ],
        [("Content-Type", "application/vnd.oci.image.manifest.v1+json"), ("Docker-Content-Digest", "md5:0123")],
    ])
    func incompleteHeadIsNotTrusted(headers: [(String, String)]) async throws {
        let registry = try ScriptedRegistry { [image] request, _ in
            request.method == "HEAD" ? .headOnly(200, headers + [("Content-Length", "77")]) : .manifest(image.manifest)
        }
        #expect(try await registry.client.resolve(registry.reference) == image.manifest.descriptor)
    }

    @Test func lyingDigestHeaderIsFoundOut() async throws {
        let other = SampleImage(layers: [[1]])
        let registry = try ScriptedRegistry { [image] request, _ in
            request.method == "HEAD" ? .manifest(other.manifest, isHead: true) : .manifest(image.manifest)
        }
        let descriptor = try await registry.client.resolve(registry.reference)
        #expect(
            await ociCode { _ = try await registry.client.manifest(descriptor, in: registry.repository) }
                == .contentMismatch)
    }

    @Test func manifestOfAnotherDigestIsRefused() async throws {
        let registry = try ScriptedRegistry { [image] request, _ in
            let type = [("Content-Type", image.manifest.descriptor.mediaType.rawValue)]
            return request.method == "HEAD"
                ? .headOnly(200, type) : .answer(200, type, body: image.manifest.bytes + [0x20])
        }
        let descriptor = image.manifest.descriptor
        #expect(
            await ociCode { _ = try await registry.client.manifest(descriptor, in: registry.repository) }
                == .contentMismatch)
        var pinned = registry.reference
        pinned.digest = descriptor.digest
        #expect(await ociCode { _ = try await registry.client.resolve(pinned) } == .contentMismatch)
    }

    @Test func manifestServedAsAnotherTypeIsRefused() async throws {
        let registry = try ScriptedRegistry { [image] _, _ in
            .answer(200, [("Content-Type", MediaType.ociIndex.rawValue)], body: image.manifest.bytes)
        }
        #expect(
            await ociCode { _ = try await registry.client.manifest(image.manifest.descriptor, in: registry.repository) }
                == .contentMismatch)
    }

    @Test(arguments: [true, false])
    func hugeManifestIsRefused(isAnnounced: Bool) async throws {
        let registry = try ScriptedRegistry { request, _ in
            if request.method == "HEAD" { return .headOnly(405, [("Content-Length", "0")]) }
            let head = Script.head(200, isAnnounced ? [("Content-Length", "9000000")] : [])
            return Script([.send(head), .sendUntilClosed([UInt8](repeating: 0x20, count: 1 << 16), most: 1 << 28)])
        }
        #expect(await ociCode { _ = try await registry.client.resolve(registry.reference) } == .invalidDocument)
    }

    @Test func unknownImageIsNotFound() async throws {
        let registry = try ScriptedRegistry { request, _ in
            request.method == "HEAD"
                ? .headOnly(404, [("Content-Length", "0")]) : .error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        }
        await #expect { try await registry.client.resolve(registry.reference) } throws: { error in
            (error as? OCIError)?.code == .notFound && "\(error)".contains("manifest_unknown")
                && "\(error)".contains("team/app")
        }
    }

    // MARK: Refusals

    @Test(arguments: [
        (401, RegistryError.Code.unauthorized, "caisson login"), (403, .denied, "config.json"),
        (429, .rateLimited, "try again in 7200 s"), (500, .unavailable, "status 500"), (418, .refused, "status 418"),
    ])
    func refusalSaysWhoWhatAndWhatToDo(status: Int, code: RegistryError.Code, hint: String) async throws {
        let registry = try ScriptedRegistry { _, _ in
            .error(status, "SOME_CODE", "said\\u0007 so", [("Retry-After", "7200")])
        }
        await #expect {
            _ = try await registry.client.bytes(of: layer, in: registry.repository)
        } throws: { error in
            let text = "\(error)"
            return (error as? RegistryError)?.code == code && text.contains(registry.server.host)
                && text.contains("team/app") && text.contains("some_code: said so") && text.contains(hint)
        }
        #expect(registry.server.requests.count <= 4)
    }

    @Test func registryThatIsDownIsUnavailable() async throws {
        let registry = try ScriptedRegistry { _, _ in .answer(200) }
        registry.server.stop()
        await #expect { try await registry.client.resolve(registry.reference) } throws: {
            ($0 as? RegistryError)?.code == .unavailable && "\($0)".contains("connection refused")
        }
    }

    // MARK: Blobs

    private static func range(_ request: ScriptedServer.Request) -> Int {
        Int((request.header("Range") ?? "bytes=0-").dropFirst("bytes=".count).dropLast()) ?? 0
    }

    private static func part(_ bytes: [UInt8], from offset: Int, upTo end: Int? = nil) -> Script {
        let rest = Array(bytes[offset...])
        let headers = offset == 0 ? [] : [("Content-Range", "bytes \(offset)-\(bytes.count - 1)/\(bytes.count)")]
        let status = offset == 0 ? 200 : 206
        guard let end else { return .answer(status, headers, body: rest) }
        return .truncated(rest, after: end - offset, status: status, headers: headers, reset: end % 2 == 0)
    }

    @Test func brokenDownloadGoesOnWhereItStopped() async throws {
        let bytes = image.layers[0]
        let registry = try ScriptedRegistry { request, number in
            let offset = Self.range(request)
            return number < 8
                ? Self.part(bytes, from: offset, upTo: number * 100_000 + number) : Self.part(bytes, from: offset)
        }
        #expect(try await registry.client.bytes(of: layer, in: registry.repository) == bytes)
        let offsets = registry.server.requests.map(Self.range)
        #expect(offsets == [0] + (1..<8).map { $0 * 100_000 + $0 })
        #expect(registry.pauses.all.count == 7)
    }

    @Test func serverWithoutRangesIsReadFromTheStart() async throws {
        let bytes = image.layers[0]
        let registry = try ScriptedRegistry { _, number in
            number < 3 ? .truncated(bytes, after: 300_000 * number) : .answer(200, body: bytes)
        }
        #expect(try await registry.client.bytes(of: layer, in: registry.repository) == bytes)
        #expect(
            try await registry.client.bytes(of: layer, in: registry.repository, from: 799_000)
                == Array(bytes[799_000...]))
    }

    @Test(arguments: [
        "bytes 0-799999/800000", "bytes 400001-799999/800000", "bytes 400000-799999/900000", "nonsense", nil,
    ])
    func wrongContentRangeIsNotBelieved(value: String?) async throws {
        let bytes = image.layers[0]
        let registry = try ScriptedRegistry { request, number in
            if number == 1 { return .truncated(bytes, after: 400_000) }
            guard request.header("Range") != nil else { return .answer(200, body: bytes) }
            return .answer(206, value.map { [("Content-Range", $0)] } ?? [], body: Array(bytes[400_000...]))
        }
        #expect(try await registry.client.bytes(of: layer, in: registry.repository) == bytes)
    }

    @Test func refusedRangeIsAskedForWhole() async throws {
        let bytes = image.layers[0]
        let registry = try ScriptedRegistry { request, number in
            if number == 1 { return .truncated(bytes, after: 400_000) }
            return request.header("Range") == nil ? .answer(200, body: bytes) : .answer(416)
        }
        #expect(try await registry.client.bytes(of: layer, in: registry.repository) == bytes)
    }

    @Test func downloadThatNeverGetsAnywhereEnds() async throws {
        let bytes = image.layers[0]
        let registry = try ScriptedRegistry { request, _ in
            let offset = Self.range(request)
            return Self.part(bytes, from: offset, upTo: offset == 0 ? 1001 : offset)
        }
        await #expect { try await registry.client.bytes(of: layer, in: registry.repository) } throws: {
            ($0 as? RegistryError)?.code == .unavailable
        }
        #expect(registry.server.requests.count <= 5)
    }

    @Test func downloadThatCrawlsEnds() async throws {
        let bytes = image.layers[0]
        let registry = try ScriptedRegistry { request, _ in
            let offset = Self.range(request)
            return Self.part(bytes, from: offset, upTo: offset + 1 | 1)
        }
        await #expect(throws: RegistryError.self) {
            try await registry.client.bytes(of: layer, in: registry.repository)
        }
        #expect(registry.server.requests.count <= 33)
    }

    @Test(arguments: [799_999, 800_001])
    func blobOfAnotherLengthIsRefused(count: Int) async throws {
        let registry = try ScriptedRegistry { _, _ in .answer(200, body: [UInt8](repeating: 1, count: count)) }
        #expect(
            await ociCode { _ = try await registry.client.bytes(of: layer, in: registry.repository) }
                == .contentMismatch)
    }

    @Test func endlessBlobIsCutOff() async throws {
        let registry = try ScriptedRegistry { _, _ in
            Script([
                .send(Script.head(200, [])), .sendUntilClosed([UInt8](repeating: 1, count: 1 << 16), most: 1 << 30),
            ])
        }
        #expect(
            await ociCode { _ = try await registry.client.bytes(of: layer, in: registry.repository) }
                == .contentMismatch)
    }

    @Test func emptyBlobIsPulled() async throws {
        let empty = Descriptor(of: [], mediaType: .ociLayerTar)
        let registry = try ScriptedRegistry { _, _ in .answer(200) }
        #expect(try await registry.client.bytes(of: empty, in: registry.repository) == [])
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func blobComesFromAnotherHostWithoutCredentials(status: Int) async throws {
        let bytes = image.layers[0]
        let store = try ScriptedServer { _, _ in .answer(200, body: bytes) }
        let registry = try ScriptedRegistry.authenticated { request, _ in
            request.header("Authorization") == nil
                ? .answer(401, [("WWW-Authenticate", "Basic realm=\"x\"")])
                : .redirect(status, to: store.url + "/b?sig=1")
        }
        #expect(try await registry.client.bytes(of: layer, in: registry.repository) == bytes)
        #expect(store.requests.allSatisfy { $0.header("Authorization") == nil } && store.requests.count == 1)
    }

    // MARK: Mirrors

    @Test func mirrorIsAskedFirstAndPassedOverWhenItFails() async throws {
        let bytes = image.layers[0]
        let mirror = try ScriptedServer { request, _ in
            request.path.contains("blobs") ? .answer(200, body: bytes) : .answer(503)
        }
        let home = try ScriptedServer { [image] request, _ in
            .manifest(image.manifest, isHead: request.method == "HEAD")
        }
        var configuration = RegistryConfiguration()
        configuration.hosts[home.host] = .init()
        configuration.hosts[home.host]?.mirrors = [.init("\(mirror.host)/proxy/home")]
        configuration.retry = .never
        let client = RegistryClient(configuration)
        let repository = RepositoryName(registry: home.host, path: "team/app")
        #expect(try await client.resolve(ImageReference(repository: repository, tag: "1")) == image.manifest.descriptor)
        #expect(try await client.bytes(of: layer, in: repository) == bytes)
        #expect(
            mirror.requests.map(\.path) == [
                "/v2/proxy/home/team/app/manifests/1", "/v2/proxy/home/team/app/blobs/\(layer.digest)",
            ])
        #expect(mirror.requests[0].target.hasSuffix("?ns=\(home.host)") && home.requests.count == 1)
    }
}
