import Foundation
import Linux
import SystemPackage
import TestServers
import Testing

/// The images that the examples of `Tests/Realistic` begin with, made of what this machine has installed: in a store of
/// the program under test, in a registry, and in a store of buildah.
final class BaseImages: Sendable {
    /// Those of the suite that runs.
    @TaskLocal static var current: BaseImages?

    static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("Realistic")

    /// Names that Dockerfiles use, and the stages of `Bases/Dockerfile` behind them.
    private static let names: KeyValuePairs = [
        "busybox:1.36": "busybox", "debian:12": "debian", "gcc:12": "gcc", "python:3.11": "python",
        "golang:1.22": "golang", "swift:6.0": "swift", "rust:1.80": "rust", "maven:3.9": "maven", "node:20": "node",
        "node:20-onbuild": "node-onbuild", "alpine:3.20": "alpine", "nginx:1": "nginx",
    ]

    let workspace: Workspace
    let registry: RegistryProcess

    init() async throws {
        workspace = try Workspace()
        registry = try await RegistryProcess()
        let bases = workspace.path("bases")
        try FileManager.default.copyItem(atPath: Self.folder.appending("Bases").string, toPath: bases)
        try await workspace.tool("bash", bases + "/busybox-root", bases + "/busybox.tar")
        try await workspace.tool("bash", bases + "/debian-root", bases + "/debian.tar")
        try await workspace.tool("python3", bases + "/wheels.py", bases + "/wheels")
        for (name, stage) in Self.names {
            try await workspace.succeed("build", "--target", stage, "-t", name, bases)
            try await workspace.succeed("build", "--target", stage, "-t", "\(registry.host)/\(name)", "--push", bases)
            guard Requirements.isInstalled("buildah") else { continue }
            for words in [
                ["pull", "--quiet", "--tls-verify=false", "\(registry.host)/\(name)"],
                ["tag", "\(registry.host)/\(name)", "docker.io/library/\(name)"],
            ] {
                let result = try await workspace.buildahOnLayers(words)
                try #require(result.status.isSuccess, "\(words): \(result.errorText)")
            }
        }
    }

    /// What images of the registry hold, by their references.
    func contents(of images: [String]) async throws -> [String: ImageContents] {
        let program = Self.folder.appending("flatten.py").string
        let text = try await workspace.tool(
            ["python3", program, workspace.path("contents")] + images.map { "\(registry.host)/\($0)" })
        let contents = try JSONDecoder().decode([String: ImageContents].self, from: Data(text.utf8))
        return Dictionary(
            uniqueKeysWithValues: contents.map { (String($0.key.dropFirst(registry.host.count + 1)), $0.value) })
    }
}

/// Makes the images for a suite and takes them away after its last test.
struct BaseImagesTrait: SuiteTrait, TestScoping {
    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await BaseImages.$current.withValue(try await BaseImages()) { try await function() }
    }
}

extension Trait where Self == BaseImagesTrait {
    static var baseImages: Self { Self() }
}
