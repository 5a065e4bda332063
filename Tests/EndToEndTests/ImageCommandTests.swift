import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// Images in the store, and on their way to and from registries.
@Suite(.enabled(if: Requirements.registry, Requirements.registryComment), .timeLimit(.minutes(2)))
struct ImageCommandTests {
    @Test func imageIsListedShownAndForgotten() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo hello > /greeting\nENV A=1\n")
        let digest = try await workspace.succeed("build", "-t", "example.org/app:1", "app").trimmingCharacters(
            in: .newlines)

        let list = try await workspace.succeed("image", "ls")
        #expect(list.contains("NAME") && list.contains("example.org/app:1") && list.contains(digest.prefix(19)))
        let names = try JSON(parsing: Array(try await workspace.succeed("image", "ls", "--json").utf8))
        #expect(names.arrayValue?.first?["name"] == "example.org/app:1" && names.arrayValue?.count == 1)

        let history = try await workspace.succeed("image", "history", "example.org/app:1")
        #expect(history.contains("RUN /bin/sh -c echo hello > /greeting") && history.contains("ENV A=1"))
        let entries = try JSON(
            parsing: Array(try await workspace.succeed("image", "history", "--json", "example.org/app:1").utf8))
        #expect(entries.arrayValue?.map { $0["empty_layer"] } == [false, false, true])

        let inspected = try JSON(
            parsing: Array(try await workspace.succeed("image", "inspect", "example.org/app:1").utf8))
        #expect(inspected["digest"]?.stringValue == digest && inspected["config"]?["config"]?["Env"] != nil)

        try await workspace.succeed("image", "rm", "example.org/app:1")
        #expect(try await workspace.caisson("image", "inspect", "example.org/app:1").code == 2)
    }

    /// Nobody knows from the name where layers of the base came from.
    @Test func imageInTheStoreHasTheLayersOfItsBase() async throws {
        let workspace = try Workspace()
        let registry = try await RegistryProcess()
        try workspace.context("RUN echo hello > /greeting\nCMD [\"cat\", \"/greeting\"]\n", named: "base")
        try await workspace.succeed(
            "build", "--root", workspace.path("other"), "-t", "\(registry.host)/base:1", "--push", "base")
        try workspace.write("app/Dockerfile", "FROM \(registry.host)/base:1\nLABEL a=b\n")
        try await workspace.succeed("build", "-t", "app:1", "app")
        #expect(try await workspace.succeed("run", "app:1") == "hello\n")
        try workspace.write("next/Dockerfile", "FROM app:1\nRUN echo more >> /greeting\n")
        try await workspace.succeed("build", "-t", "next:1", "next")
        #expect(try await workspace.succeed("run", "next:1") == "hello\nmore\n")
    }

    @Test func imageGoesToARegistryAndComesBackWhole() async throws {
        let workspace = try Workspace()
        let registry = try await RegistryProcess()
        try workspace.context("RUN echo hello > /greeting\nCMD [\"cat\", \"/greeting\"]\n")
        let digest = try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let name = "\(registry.host)/team/app:2"
        #expect(try await workspace.succeed("push", "example.org/app:1", name) == digest)

        let pulled = try await workspace.succeed("pull", "--json", "--root", workspace.path("second"), name)
        let document = try JSON(parsing: Array(pulled.utf8))
        #expect(document["digest"]?.stringValue == digest.trimmingCharacters(in: .newlines))
        #expect(document["layers"]?.arrayValue?.count == 2)
        #expect(try await workspace.succeed("run", "--root", workspace.path("second"), name) == "hello\n")
        #expect(try await workspace.succeed("image", "ls", "--root", workspace.path("second")).contains(name))
    }

    @Test func healthyStoreIsSound() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo hello > /greeting\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
        let report = try JSON(parsing: Array(try await workspace.succeed("fsck", "--json").utf8))
        #expect(report["findings"]?.arrayValue?.isEmpty == true)
    }

    @Test func doctorNamesWhatItTried() async throws {
        let workspace = try Workspace()
        let text = try await workspace.succeed("doctor")
        for word in ["privileges", "kernel", "cgroups", "crun", "store", "layers"] { #expect(text.contains(word)) }
        let checks = try JSON(parsing: Array(try await workspace.succeed("doctor", "--json").utf8))
        #expect(checks.arrayValue?.allSatisfy { $0["name"]?.stringValue != nil && $0["ok"]?.boolValue != nil } == true)
    }

    @Test func progressOfEveryStyleFitsItsReader() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo out; echo err >&2\n")
        let plain = try await workspace.caisson("build", "--progress", "plain", "app")
        #expect(
            plain.errorText.contains("#2 [") && plain.errorText.contains("RUN echo out")
                && plain.errorText.contains("#2 DONE"))
        #expect(plain.outputText.hasPrefix("sha256:"))
        let again = try await workspace.caisson("build", "--progress", "json", "app")
        let events = try again.errorText.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        #expect(events.contains { $0["event"] == "step-finished" && $0["cached"] == true })
        #expect(events.allSatisfy { $0["time"]?.stringValue != nil })
        let quiet = try await workspace.caisson("build", "--progress", "quiet", "--no-cache", "app")
        #expect(quiet.error.isEmpty && quiet.outputText == plain.outputText)
    }
}
