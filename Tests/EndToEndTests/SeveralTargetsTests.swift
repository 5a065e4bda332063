import Foundation
import Linux
import OCI
import TestServers
import Testing

/// Builds of several targets and platforms, as other tools read them.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct SeveralTargetsTests {
    private func workspace() throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write("app/a", "first\n")
        try workspace.write("app/b", "second\n")
        try workspace.write(
            "app/Dockerfile",
            """
            FROM scratch AS shared
            COPY a /
            FROM shared AS one
            ARG TARGETARCH
            ENV ARCH=$TARGETARCH
            FROM shared AS two
            COPY b /

            """)
        return workspace
    }

    @Test func eachTargetTakesItsOwnNamesAndFiles() async throws {
        let workspace = try workspace()
        let output = try await workspace.succeed(
            "build", "--target", "one", "--target", "two", "-t", "one=first:1", "-t", "two=second:1", "-t",
            "two=second:2", "--output", "type=local,dest=out,target=two", "--metadata-file", "meta.json", "app")
        let lines = output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.map(\.first) == ["one", "two"])
        #expect(try workspace.read("out/b") == "second\n")
        let names = try JSON(parsing: Array(try await workspace.succeed("image", "ls", "--json").utf8)).arrayValue ?? []
        let digests = Dictionary(
            uniqueKeysWithValues: names.map { ($0["name"]?.stringValue ?? "", $0["digest"]?.stringValue ?? "") })
        #expect(digests.count == 3)
        #expect(digests.first { $0.key.contains("first:1") }?.value == lines[0][1])
        #expect(digests.filter { $0.key.contains("second:") }.allSatisfy { $0.value == lines[1][1] })
        let targets = try JSON(parsing: workspace.bytes("meta.json"))["targets"]?.arrayValue ?? []
        #expect(targets.map { $0["target"]?.stringValue } == ["one", "two"])
        #expect(targets.map { $0["tags"]?.arrayValue?.count } == [1, 2])
    }

    @Test func targetIsOneByWhateverNameItIsGiven() async throws {
        let workspace = try workspace()
        let once = try await workspace.succeed("build", "--target", "one", "app")
        #expect(try await workspace.succeed("build", "--target", "one", "--target", "One", "-t", "a", "app") == once)
        #expect(try await workspace.succeed("build", "--target", "1", "--target", "one", "app") == once)
        try await workspace.succeed(
            "build", "--target", "1", "--target", "TWO", "-t", "1=first", "-t", "two=second", "--output",
            "type=oci,dest=out,tar=false,target=Two", "app")
        #expect(try await workspace.succeed("image", "ls").contains("/first:latest"))
        #expect(try await workspace.succeed("image", "ls").contains("/second:latest"))
        #expect(workspace.exists("out/index.json"))
    }

    @Test(arguments: [
        (["-t", "app:1"], "which of the 2 targets"), (["-t", "three=app:1"], "no --target"),
        (["--output", "out"], "which of the 2 targets"), (["--iidfile", "id"], "--metadata-file"),
    ])
    func resultsThatCouldBeOfAnyTargetAreRefusedBeforeTheBuild(_ options: [String], _ message: String) async throws {
        let workspace = try workspace()
        let result = try await workspace.command(
            ["build", "--target", "one", "--target", "two"] + options + ["app"]
        ).run()
        #expect(result.code == 2 && result.errorText.contains(message), "\(result.errorText)")
    }

    @Test(.enabled(if: Requirements.registry, Requirements.registryComment))
    func baseWithoutThePlatformIsAMistakeOfTheFileThatNamesWhatThereIs() async throws {
        let workspace = try workspace()
        let registry = try await RegistryProcess()
        let name = "\(registry.host)/app:1"
        try await workspace.succeed(
            "build", "--platform", "linux/amd64,linux/arm64", "-t", name, "--push", "app")
        try workspace.write(
            "other/Dockerfile", "FROM scratch AS a\nCOPY Dockerfile /\nFROM \(name)\nCOPY --from=a / /\n")
        let refused = try await workspace.caisson("build", "--platform", "linux/s390x", "other")
        #expect(refused.code == 1)
        for text in ["other/Dockerfile:3:6: error:", name, "linux/s390x", "linux/amd64, linux/arm64", "--platform"] {
            #expect(refused.errorText.contains(text), "\(refused.errorText)")
        }
    }

    @Test(
        .enabled(if: Requirements.registry, Requirements.registryComment),
        .enabled(if: Requirements.isInstalled("skopeo"), "skopeo is not installed"))
    func indexIsPushedAndReadByOthers() async throws {
        let workspace = try workspace()
        let registry = try await RegistryProcess()
        let name = "\(registry.host)/app:1"
        let digest = try await workspace.succeed(
            "build", "--target", "one", "--platform", "linux/amd64,linux/arm64", "-t", name, "--push", "--output",
            "type=oci,dest=app.tar", "app"
        ).trimmingCharacters(in: .newlines)
        let raw = try await workspace.tool("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(name)")
        #expect(Digest.of(Array(raw.utf8)).description == digest)
        for architecture in ["amd64", "arm64"] {
            let config = try await workspace.tool(
                "skopeo", "--override-arch", architecture, "inspect", "--config", "--tls-verify=false",
                "docker://\(name)")
            let json = try JSON(parsing: Array(config.utf8))
            #expect(json["architecture"]?.stringValue == architecture)
            #expect(json["config"]?["Env"]?.arrayValue?.contains(.string("ARCH=\(architecture)")) == true)
        }
        try await workspace.tool("skopeo", "copy", "--all", "--preserve-digests", "oci-archive:app.tar:1", "dir:copy")
        #expect(Digest.of(try workspace.bytes("copy/manifest.json")).description == digest)
        // What was pushed can go on to another name as a whole.
        let second = "\(registry.host)/other:2"
        #expect(try await workspace.succeed("push", name, second).contains(digest))
    }

    @Test func filesOfEachPlatformLieInADirectoryOfTheirOwn() async throws {
        let workspace = try workspace()
        try await workspace.succeed(
            "build", "--target", "two", "--platform", "linux/amd64", "--platform", "linux/arm/v7", "--output", "out",
            "--output", "type=tar,dest=all.tar", "app")
        #expect(try workspace.read("out/linux_amd64/a") == "first\n")
        #expect(try workspace.read("out/linux_arm_v7/b") == "second\n")
        let names = try await workspace.tool("tar", "-tf", "all.tar").split(separator: "\n").map(String.init)
        #expect(names.contains("linux_amd64/a") && names.contains("linux_arm_v7/b"), "\(names)")
    }
}
