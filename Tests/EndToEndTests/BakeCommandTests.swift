import Foundation
import Linux
import OCI
import TestServers
import Testing

/// Bake files through the whole program.
@Suite(.timeLimit(.minutes(3))) struct BakeCommandTests {
    private static let file = """
        variable "V" { default = "1" }
        group "default" { targets = ["app", "files"] }
        target "base" {
          context = "base"
          args = { V = V }
        }
        target "app" {
          name = "app-${who}"
          matrix = { who = ["a", "b"] }
          dockerfile-inline = <<EOT
        FROM base
        ARG WHO
        RUN echo $WHO-$(cat /base.txt) > /who.txt
        EOT
          contexts = { base = "target:base" }
          args = { WHO = who }
          tags = ["app:${who}"]
          attest = ["type=provenance"]
        }
        target "files" {
          context = "base"
          dockerfile = "other.Dockerfile"
          contexts = { base = "target:base" }
          output = ["type=local,dest=out"]
        }

        """

    private func workspace() throws -> Workspace {
        let workspace = try Workspace()
        try workspace.context("ARG V\nRUN echo base-$V > /base.txt\n", named: "base")
        try workspace.write("base/other.Dockerfile", "FROM scratch\nCOPY --from=base /base.txt /copy.txt\n")
        try workspace.write("docker-bake.hcl", Self.file)
        return workspace
    }

    /// Targets share filters, so one that means no stage of theirs is passed over; others count by all names of stages.
    @Test(.enabled(if: Requirements.build, Requirements.buildComment), arguments: ["first", "stage-0", "0"])
    func filtersOfTheCacheGoByAllNamesOfStages(filter: String) async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo\n")
        let dockerfile = try workspace.read("app/Dockerfile")
        try workspace.write(
            "app/Dockerfile", dockerfile.replacing("FROM scratch", with: "FROM scratch AS first", maxReplacements: 1))
        try workspace.write(
            "docker-bake.hcl",
            "target \"default\" {\n context = \"app\"\n no-cache-filter = [\"\(filter)\", \"elsewhere\"]\n}\n")
        for _ in 0..<2 {
            let result = try await workspace.caisson("bake", "--progress", "plain")
            #expect(result.code == 0 && !result.errorText.contains("CACHED"), "\(result.errorText)")
        }
    }

    @Test(.enabled(if: Requirements.build, Requirements.buildComment))
    func targetsStartFromEachOtherAndShareTheirSteps() async throws {
        let workspace = try workspace()
        let result = try await workspace.caisson("bake", "--metadata-file", "meta.json", environment: ["V=7"])
        #expect(result.code == 0, "\(result.errorText)")
        let lines = result.outputText.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
        #expect(lines == ["app-a", "app-b", "files"])
        #expect(try workspace.read("out/copy.txt") == "base-7\n")
        // The base is built once, and says whose step it is; the attestation is missed aloud.
        #expect(result.errorText.components(separatedBy: "[base stage-0 2/2] RUN").count == 2, "\(result.errorText)")
        #expect(result.errorText.contains("docker-bake.hcl:18:3: target `app-a`: attestations"), "\(result.errorText)")
        #expect(try await workspace.succeed("run", "app:b", "cat", "/who.txt") == "b-base-7\n")
        let metadata = try JSON(parsing: workspace.bytes("meta.json"))
        #expect(metadata["app-a"]?["image.name"]?.stringValue?.hasSuffix("app:a") == true)
        #expect(metadata["files"]?["containerimage.digest"]?.stringValue?.hasPrefix("sha256:") == true)
    }

    @Test(.enabled(if: Requirements.build, Requirements.buildComment))
    func sameFilesGiveTheSameDigests() async throws {
        let workspace = try workspace()
        let first = try await workspace.succeed("bake", "app")
        let second = try await workspace.succeed("bake", "app", "--no-cache")
        #expect(first == second && !first.isEmpty)
    }

    @Test(
        .enabled(if: Requirements.build, Requirements.buildComment),
        .enabled(if: Requirements.registry, Requirements.registryComment))
    func imagesOnOtherTargetsArePushedWhole() async throws {
        let workspace = try workspace()
        let registry = try await RegistryProcess()
        let name = "\(registry.host)/app:1"
        let output = try await workspace.succeed(
            "bake", "app-a", "--set", "app-a.tags=\(name)", "--set", "*.platform=linux/amd64", "--push")
        let digest = output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) }
        let other = try Workspace()
        let pulled = try await other.succeed("pull", name)
        #expect(pulled.contains(try #require(digest)))
        #expect(try await other.succeed("run", name, "cat", "/who.txt") == "a-base-1\n")
    }

    @Test(.enabled(if: Requirements.build, Requirements.buildComment))
    func failureOfOneTargetEndsAll() async throws {
        let workspace = try workspace()
        try workspace.write(
            "docker-bake.override.hcl",
            "target \"app-a\" {\n  dockerfile-inline = \"FROM base\\nRUN exit 3\\n\"\n}\n")
        let result = try await workspace.caisson("bake", "app-a", "files")
        #expect(result.code == 1 && result.errorText.contains("RUN exit 3"), "\(result.errorText)")
        #expect(!workspace.exists("out"))
    }

    @Test func printNeedsNoStoreAndNamesPlatforms() async throws {
        let workspace = try workspace()
        let printed = try await workspace.succeed(
            "bake", "--print", "app-a", "--set", "*.platform=linux/amd64", "--set", "*.platform=linux/arm64", "--var",
            "V=3")
        let json = try JSON(parsing: Array(printed.utf8))
        #expect(json["target"]?["app-a"]?["platforms"]?.arrayValue == ["linux/amd64", "linux/arm64"])
        #expect(json["target"]?["base"]?["args"]?["V"] == "3")
        #expect(!workspace.exists("store"))
        let listed = try await workspace.succeed("bake", "--list", "variables", environment: ["V=9"])
        #expect(listed == "V  9\n")
    }

    @Test(arguments: [
        (["nix"], "there is no target `nix`"), (["--set", "nix.tags=a"], "no target is called"),
        (["https://example.org/app.git#main", "app"], "clone the repository"), (["-f", "missing.hcl"], "missing.hcl"),
        (["--allow", "network.hots"], "did you mean `network.host`?"),
        (["app", "--set", "app-a.network=host"], "--allow network.host"),
        (["app", "--set", "app-a.platform=a/b/c/d"], "target `app-a`"),
        (["app", "--set", "app-a.ulimits=nofile"], "target `app-a`"),
        (["app", "--set", "app-a.context=-"], "standard input"),
        (["app", "--set", "app-a.output=type=image,zip=1"], "zip=1"),
    ])
    func mistakesAreTheUsersAndSaid(_ arguments: [String], _ message: String) async throws {
        let workspace = try workspace()
        let result = try await workspace.command(["bake"] + arguments).run()
        #expect(result.code == 2 && result.errorText.contains(message), "\(result.code) \(result.errorText)")
    }

    @Test(.enabled(if: Requirements.build, Requirements.buildComment))
    func composeFilesAreBuiltWithTheirVariables() async throws {
        let workspace = try workspace()
        try workspace.write(".env", "WHO=file\n")
        try workspace.write(
            "compose.yaml",
            """
            services:
              web:
                image: web:1
                build:
                  context: base
                  dockerfile_inline: |
                    FROM lower
                    ARG WHO
                    RUN echo $$WHO > /who.txt
                  args: {WHO: "${WHO}"}
                  additional_contexts: {lower: "service:lower"}
              lower:
                build: {context: base, args: {V: "2"}}
              db:
                image: example.org/db
            """)
        let output = try await workspace.succeed("bake", "-f", "compose.yaml")
        #expect(output.split(separator: "\n").count == 2)
        #expect(try await workspace.succeed("run", "web:1", "cat", "/who.txt", "/base.txt") == "file\nbase-2\n")
    }

    @Test func checksOfTargetsFailIfOneDoes() async throws {
        let workspace = try workspace()
        let good = try await workspace.caisson("bake", "--check", "app", "files")
        #expect(good.code == 0, "\(good.outputText)\(good.errorText)")
        try workspace.write("base/other.Dockerfile", "FROM scratch\nCOYP a b\n")
        let bad = try await workspace.caisson("bake", "--check", "app", "files")
        #expect(bad.code == 1 && bad.outputText.contains("COYP"), "\(bad.outputText)\(bad.errorText)")
    }
}
