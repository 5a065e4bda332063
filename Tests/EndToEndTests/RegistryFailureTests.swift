import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// Registries that are down, refuse or lie.
@Suite(.enabled(if: Requirements.registry, Requirements.registryComment), .timeLimit(.minutes(2)))
struct RegistryFailureTests {
    /// An image of one small layer, with its documents.
    private struct Image {
        let layer: [UInt8]
        let config: [UInt8]
        let manifest: RawManifest
        let layerDescriptor: Descriptor

        init() {
            // An empty tar: two blocks of zeros.
            layer = [UInt8](repeating: 0, count: 1024)
            var config = ImageConfig(platform: .current)
            config.diffIDs = [DiffID(.of(layer))]
            self.config = config.canonicalBytes
            layerDescriptor = Descriptor(of: layer, mediaType: .ociLayerTar)
            let manifest = ImageManifest(
                config: Descriptor(of: self.config, mediaType: .ociConfig), layers: [layerDescriptor])
            self.manifest = RawManifest(bytes: manifest.canonicalBytes, mediaType: .ociManifest)
        }

        /// Serves the image, with `blob` in place of its layer.
        func server(layer blob: @escaping @Sendable () -> Script) throws -> ScriptedServer {
            let image = self
            return try ScriptedServer { request, _ in
                if request.path == "/v2/" { return .answer(200) }
                if request.path.contains("/manifests/") {
                    let headers = [
                        ("Content-Type", image.manifest.descriptor.mediaType.rawValue),
                        ("Docker-Content-Digest", image.manifest.descriptor.digest.description),
                    ]
                    return request.method == "HEAD"
                        ? .headOnly(200, headers + [("Content-Length", "\(image.manifest.bytes.count)")])
                        : .answer(200, headers, body: image.manifest.bytes)
                }
                if request.path.hasSuffix(image.layerDescriptor.digest.description) { return blob() }
                return .answer(200, body: image.config)
            }
        }
    }

    @Test func registryThatIsDownIsNamed() async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM 127.0.0.1:1/base:1\nRUN true\n")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 3)
        #expect(result.errorText.contains("127.0.0.1:1") && result.errorText.contains("refused"), "\(result.errorText)")
        #expect(result.errorText.hasPrefix("app/Dockerfile:1:6: error: "), "\(result.errorText)")
        #expect(result.errorText.contains(">>> 1 | FROM 127.0.0.1:1/base:1\n"), "\(result.errorText)")
    }

    @Test func imageThatIsNotThereIsNamed() async throws {
        let workspace = try Workspace()
        let registry = try await RegistryProcess()
        try workspace.write("app/Dockerfile", "FROM \(registry.host)/absent:7\nRUN true\n")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 3 && result.errorText.contains("Dockerfile:1"), "\(result.errorText)")
        #expect(result.errorText.contains("\(registry.host)/absent`") && result.errorText.contains("`7`"))
        #expect(
            result.errorText.contains("\n>>> 1 | FROM \(registry.host)/absent:7\n      |      ^~~"),
            "\(result.errorText)")
        let json = try await workspace.caisson("build", "--progress", "json", "app")
        let event = try JSON(parsing: Array((json.errorText.split(separator: "\n").last ?? "").utf8))
        #expect(event["file"]?.stringValue == "app/Dockerfile" && event["exit"] == 3, "\(json.errorText)")
        #expect(json.code == 3 && event["line"] == 1 && event["column"] == 6)
        let pull = try await workspace.caisson("pull", "\(registry.host)/absent:7")
        #expect(pull.code == 3 && pull.errorText.contains("\(registry.host)/absent`"), "\(pull.errorText)")
    }

    @Test(arguments: [
        ("FROM scratch AS tools\nFROM scratch\nCOPY --from=HOST/tolls:1 /a /\n", "3:6", "COPY --from="),
        ("FROM HOST/tools:1 AS a\nFROM a\n", "1:6", "FROM HOST/tools:1 AS a"),
        ("FROM scratch\nRUN --mount=from=HOST/tools:1,target=/t true\n", "2:5", "RUN --mount=from="),
    ])
    func placeThatNamesAnUnknownImageIsShown(dockerfile: String, place: String, line: String) async throws {
        let workspace = try Workspace()
        let server = try ScriptedServer { request, _ in
            request.path == "/v2/"
                ? .answer(200)
                : .answer(404, text: #"{"errors":[{"code":"NAME_UNKNOWN","message":"repository is not known"}]}"#)
        }
        try workspace.write("app/Dockerfile", dockerfile.replacing("HOST", with: server.host))
        let result = try await workspace.caisson("build", "app")
        #expect(
            result.code == 3 && result.errorText.hasPrefix("app/Dockerfile:\(place): error: "), "\(result.errorText)")
        let shown = line.replacing("HOST", with: server.host)
        #expect(result.errorText.contains("| \(shown)") && result.errorText.contains("^~~"), "\(result.errorText)")
    }

    @Test func imageComesWhenTheRegistryIsHonest() async throws {
        let workspace = try Workspace()
        let image = Image()
        let server = try image.server { .answer(200, body: image.layer) }
        let result = try await workspace.caisson("pull", "\(server.host)/app:1")
        #expect(result.outputText == "\(image.manifest.descriptor.digest)\n", "\(result.errorText)")
    }

    @Test(arguments: ["changed", "longer", "shorter", "cut off", "refused", "gone", "broken"])
    func layerThatIsNotWhatItShouldBeIsRefusedAndDropped(how: String) async throws {
        let workspace = try Workspace()
        let image = Image()
        let server = try image.server {
            switch how {
            case "changed": .answer(200, body: [1] + image.layer.dropFirst())
            case "longer": .answer(200, body: image.layer + [0])
            case "shorter": .answer(200, body: Array(image.layer.dropLast()))
            case "cut off": .truncated(image.layer, after: 100)
            case "refused": .answer(403, text: #"{"errors":[{"code":"DENIED","message":"no"}]}"#)
            case "gone": .answer(404)
            default: .answer(400)
            }
        }
        let result = try await workspace.caisson("pull", "\(server.host)/app:1")
        #expect(result.code == 3)
        #expect(result.errorText.hasPrefix("error: "), "\(result.errorText)")
        // Whose it is, or which it is.
        let words = [server.host, image.layerDescriptor.digest.description]
        #expect(words.contains { result.errorText.contains($0) }, "\(result.errorText)")
        #expect(result.errorText.split(separator: "\n").count <= 3, "\(result.errorText)")
        let layers = try FileManager.default.contentsOfDirectory(atPath: workspace.path("store/layers"))
        #expect(layers.filter { $0.hasSuffix(".tar") }.isEmpty)
        #expect(try await workspace.succeed("image", "ls", "--json") == "[]\n")
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
    }

    @Test func pushToARegistryThatIsDownKeepsTheImage() async throws {
        let workspace = try Workspace()
        try workspace.context("ENV A=1\n")
        let result = try await workspace.caisson("build", "-t", "127.0.0.1:1/app:1", "--push", "app")
        #expect(result.code == 3 && result.errorText.contains("127.0.0.1:1"), "\(result.errorText)")
        #expect(try await workspace.succeed("build", "app").hasPrefix("sha256:"))
    }
}
