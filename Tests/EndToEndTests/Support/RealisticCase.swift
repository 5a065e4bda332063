import Foundation
import Glibc
import Linux
import SystemPackage
import TestServers
import Testing

/// A folder of `Tests/Realistic/Cases`.
struct RealisticCase: Sendable, CustomTestStringConvertible {
    struct Expected: Decodable {
        struct Run: Decodable {
            var arguments: [String]?
            let output: String
        }

        /// What the image is compared with; nil for scratch.
        var base: String?
        /// Every path that differs from the base; a line that ends with `*` is the begin of one.
        let tree: [String: String]
        /// Paths that no line of `tree` needs to be about, as patterns.
        var besides: [String]?
        let config: [String: JSONText]
        let history: Int
        let layers: Int
        var run: Run?
    }

    let name: String
    var testDescription: String { name }

    static let all: [RealisticCase] = {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: BaseImages.folder.appending("Cases").string)
        return (names ?? []).sorted().map { RealisticCase(name: $0) }
    }()

    private var folder: FilePath { BaseImages.folder.appending("Cases").appending(name) }

    func expected() throws -> Expected {
        let text = try Data(contentsOf: URL(filePath: folder.appending("expected.json").string))
        return try JSONDecoder().decode(Expected.self, from: text)
    }

    /// Arguments of the build besides the names of things; `{registry}` in them is the registry's host.
    private func arguments(_ bases: BaseImages) throws -> [String] {
        let path = folder.appending("arguments.json").string
        guard let text = FileManager.default.contents(atPath: path) else { return [] }
        return try JSONDecoder().decode([String].self, from: text).map {
            $0.replacingOccurrences(of: "{registry}", with: bases.registry.host)
        }
    }

    /// A copy of the folder with the modes that a checkout has, whatever the umask here.
    private func copy(into workspace: Workspace) async throws -> FilePath {
        let path = FilePath(workspace.path("\(name)-\(UUID().uuidString.prefix(8))"))
        try FileManager.default.copyItem(atPath: folder.string, toPath: path.string)
        // A repository keeps no empty directories.
        try FileManager.default.createDirectory(
            atPath: path.appending("context").string, withIntermediateDirectories: true)
        if FileManager.default.fileExists(atPath: path.appending("prepare").string) {
            try await workspace.tool("sh", "-c", "umask 022 && cd '\(path)' && ./prepare")
        }
        try await workspace.tool("chmod", "-R", "u=rwX,go=rX", path.appending("context").string)
        return path
    }

    /// Builds the case with the program under test and returns the image's name in the registry.
    func build(with bases: BaseImages) async throws -> String {
        let image = "ours/\(name):1"
        var command = bases.workspace.command(
            ["build", "-f", "Dockerfile", "--push", "-t", "\(bases.registry.host)/\(image)"] + (try arguments(bases))
                + ["context"])
        command.directory = try await copy(into: bases.workspace)
        command.deadline = .seconds(300)
        let result = try await command.run()
        try #require(result.status.isSuccess, "\(result.errorText)")
        return image
    }

    /// The same with buildah; nil if it cannot build it.
    func buildWithBuildah(_ bases: BaseImages) async throws -> String? {
        let image = "theirs/\(name):1"
        let directory = try await copy(into: bases.workspace)
        let build = try await bases.workspace.buildahOnLayers(
            ["bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--quiet", "--identity-label=false"]
                + ["--timestamp", "1700000000", "-f", "Dockerfile", "-t", image] + (try arguments(bases)) + ["context"],
            in: directory)
        guard build.status.isSuccess else { return nil }
        let push = try await bases.workspace.buildahOnLayers(
            ["push", "--quiet", "--tls-verify=false", image, "docker://\(bases.registry.host)/\(image)"])
        try #require(push.status.isSuccess, "\(push.errorText)")
        return image
    }
}

/// Whether `path` is one that `pattern` means; `*` also stands for slashes.
func matches(_ path: String, _ pattern: String) -> Bool { fnmatch(pattern, path, 0) == 0 }
