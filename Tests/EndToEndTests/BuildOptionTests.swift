import Foundation
import Linux
import OCI
import Testing

/// Options that name the Dockerfile, and what images say of themselves.
@Suite(.timeLimit(.minutes(2)))
struct BuildOptionTests {
    @Test func annotationsStandInTheDocumentsTheyAreFor() async throws {
        let workspace = try Workspace()
        try workspace.write("Dockerfile", "FROM scratch\nLABEL a=b\n")
        try await workspace.succeed(
            "build", "--platform", "linux/amd64,linux/arm64", "--annotation", "index,manifest:org.all=1=2",
            "--annotation", "manifest[linux/arm64]:org.arm=3", "--annotation",
            "manifest-descriptor[linux/arm64]:org.entry=4", "--annotation", "manifest:org.all=5", "--output",
            "type=oci,dest=out.tar", ".")
        func blob(_ descriptor: JSON?) async throws -> JSON {
            let digest = try #require(descriptor?["digest"]?.stringValue)
            let name = digest.replacingOccurrences(of: "sha256:", with: "blobs/sha256/")
            return try JSON(parsing: Array(try await workspace.tool("tar", "--extract", "-Of", "out.tar", name).utf8))
        }
        let layout = try JSON(
            parsing: Array(try await workspace.tool("tar", "--extract", "-Of", "out.tar", "index.json").utf8))
        let index = try await blob(layout["manifests"]?.arrayValue?.first)
        let entries = try #require(index["manifests"]?.arrayValue)
        #expect(index["annotations"] == ["org.all": "1=2"])
        #expect(entries.map { $0["annotations"] } == [nil, ["org.entry": "4"]])
        let manifests = [try await blob(entries.first), try await blob(entries.last)]
        #expect(manifests.map { $0["annotations"] } == [["org.all": "5"], ["org.all": "5", "org.arm": "3"]])
    }

    @Test func labelWithoutValueIsEmpty() async throws {
        let workspace = try Workspace()
        try workspace.write("Dockerfile", "FROM scratch\nLABEL a=1 b=2\n")
        try await workspace.succeed("build", "-t", "app", "--label", "a", "--label", "c=d=e", "--target", "", ".")
        let image = try JSON(parsing: Array(try await workspace.succeed("image", "inspect", "app").utf8))
        #expect(image["config"]?["config"]?["Labels"] == ["a": "", "b": "2", "c": "d=e"])
    }

    @Test func containerfileIsReadWhereThereIsNoDockerfile() async throws {
        let workspace = try Workspace()
        for name in ["Containerfile", "dockerfile", "Dockerfile"] {
            try workspace.write(name, "FROM scratch\nLABEL name=\(name)\n")
            try await workspace.succeed("build", "-t", "app", ".")
            let image = try JSON(parsing: Array(try await workspace.succeed("image", "inspect", "app").utf8))
            #expect(image["config"]?["config"]?["Labels"]?["name"] == .string(name))
        }
    }

    @Test func machinesReadOfAFindingWhatPeopleDo() async throws {
        let workspace = try Workspace()
        try workspace.write("Dockerfile", "FROM scratch\nENV a \\\n b\n")
        let built = try await workspace.caisson("build", "--progress", "json", ".")
        let lines = try built.errorText.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        let event = try #require(lines.first { $0["event"] == "warning" })
        let checked = try await workspace.succeed("dockerfile", "check", "--json")
        let finding = try #require(try JSON(parsing: Array(checked.utf8)).arrayValue?.first)
        for member in ["rule", "message", "line", "column", "hint"] {
            #expect(event[member] != nil && event[member] == finding[member], "\(member)")
        }
        #expect(finding["file"] == "Dockerfile" && finding["line"] == 2 && finding["lastLine"] == 3)
    }
}
