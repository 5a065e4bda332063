import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// Images that buildah built serve as bases.
@Suite(
    .enabled(
        if: Requirements.registry && Requirements.isInstalled("buildah", "skopeo"),
        "needs root, crun, a static busybox, docker-registry, buildah and skopeo"),
    .timeLimit(.minutes(3)))
struct ForeignBaseTests {
    @Test(arguments: ["oci", "docker"])
    func layersOfABaseByBuildahKeepTheirDigestsAndAreMounted(format: String) async throws {
        let workspace = try Workspace()
        let registry = try await RegistryProcess()
        let base = "\(registry.host)/team/base:1"
        let app = "\(registry.host)/other/app:1"
        try workspace.context("ENV FROM_BASE=yes\nWORKDIR /work\n", named: "base")
        try await workspace.buildah("build", "--isolation", "chroot", "--format", format, "-t", base, "base")
        try await workspace.buildah("push", "--tls-verify=false", base)

        try workspace.write("app/Dockerfile", "FROM \(base)\nRUN echo $FROM_BASE > answer\nCMD [\"cat\", \"answer\"]\n")
        let result = try await workspace.caisson("build", "-t", app, "--push", "--progress", "json", "app")
        #expect(result.code == 0, "\(result.errorText)")
        #expect(try await workspace.succeed("run", app) == "yes\n")

        let theirs = try await layers(of: base, workspace)
        let ours = try await layers(of: app, workspace)
        #expect(Array(ours.prefix(theirs.count)) == theirs && ours.count == theirs.count + 1)
        // What the registry mounted from the base's repository was never sent: only the new layer and the image were.
        let sent = try result.errorText.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
            .filter { $0["phase"]?.stringValue == "push" && $0["finished"]?.boolValue == true }
        #expect(sent.count == 2)
        #expect(sent.last?["name"]?.stringValue == app)
    }

    private func layers(of name: String, _ workspace: Workspace) async throws -> [Digest] {
        let text = try await workspace.tool("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(name)")
        return try ImageManifest(parsing: Array(text.utf8)).layers.map(\.digest)
    }
}
