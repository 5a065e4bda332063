import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// Mistakes of whoever wrote the Dockerfile: where, what and how to mend it.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct BadInputTests {
    @Test func mistakeIsShownWithItsPlaceItsLineACaretAndARemedy() async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY a /\nWORKDRI /x\n")
        let result = try await workspace.caisson("build", "app")
        let lines = result.errorText.split(separator: "\n").map(String.init)
        #expect(result.code == 1)
        #expect(result.errorText.contains("Dockerfile:3:1"), "\(result.errorText)")
        let source = try #require(lines.firstIndex { $0.hasSuffix("WORKDRI /x") })
        let column = try #require(lines[source].range(of: "WORKDRI")).lowerBound
        let caret = lines[source + 1]
        #expect(
            caret.firstIndex(of: "^").map { caret.distance(from: caret.startIndex, to: $0) }
                == lines[source].distance(from: lines[source].startIndex, to: column))
        #expect(result.errorText.contains("WORKDIR"))
    }

    @Test(arguments: [
        ("FROM scratch\nCOPY --from=127.0.0.1/Nope a /\n", ["Nope", "2:"]),
        ("FROM scratch\nADD --checksum=md5:1 https://example.org/x /\n", ["md5", "2:"]),
        ("RUN true\n", ["FROM", "1:1"]),
        ("", ["cannot be empty"]),
        ("FROM Upper\n", ["Upper", "upper-case", "1:"]),
        ("FROM scratch\nENV\n", ["ENV", "2:"]),
        ("FROM scratch\nEXPOSE 99999\n", ["99999", "2:"]),
        ("FROM scratch\nENV A=${B\n", ["2:"]),
        ("ARG V\nFROM base:${V:?set it with --build-arg V=1}\n", ["set it with --build-arg V=1"]),
    ])
    func badDockerfilesAreRefusedBeforeAnythingRuns(dockerfile: String, words: [String]) async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", dockerfile)
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1, "\(result.errorText)")
        #expect(!result.errorText.contains("#1 "), "\(result.errorText)")
        for word in words { #expect(result.errorText.contains(word), "\(result.errorText)") }
    }

    @Test func patternThatMatchesNothingIsAWarningAndForStrictBuildsAnError() async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY a no* /x/\n")
        try workspace.write("app/a", "x")
        let lenient = try await workspace.caisson("build", "--progress", "plain", "app")
        #expect(lenient.code == 0)
        #expect(lenient.errorText.contains("Dockerfile:2:8: warning: `no*` matches nothing"), "\(lenient.errorText)")
        let strict = try await workspace.caisson("build", "--strict", "app")
        #expect(strict.code == 1)
        #expect(strict.errorText.contains("Dockerfile:2:8: error: `no*` matches nothing"), "\(strict.errorText)")
    }

    @Test func missingSourceNamesTheIgnoreRuleThatHidIt() async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY secret.key other /\n")
        try workspace.write("app/.dockerignore", "# keys\n*.key\n")
        try workspace.write("app/secret.key", "x")
        try workspace.write("app/other", "x")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1)
        for word in ["secret.key", ".dockerignore", "*.key", "Dockerfile:2"] {
            #expect(result.errorText.contains(word), "\(result.errorText)")
        }
    }

    @Test func missingSourceNamesWhatWasPerhapsMeant() async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY mian.c /\n")
        try workspace.write("app/main.c", "x")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1)
        #expect(result.errorText.contains("mian.c") && result.errorText.contains("main.c"), "\(result.errorText)")
    }

    @Test func failedCommandShowsItsLastLinesItsCodeAndAWayIn() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 100; echo broken >&2; exit 42\n")
        let result = try await workspace.caisson("build", "--progress", "quiet", "app")
        #expect(result.code == 1 && result.output.isEmpty)
        for word in ["Dockerfile:3", "exit code 42", "broken", "    100\n", "caisson run"] {
            #expect(result.errorText.contains(word), "\(result.errorText)")
        }
        #expect(!result.errorText.contains("    5\n"))
    }

    @Test func shellThatIsNotInTheImageIsNamed() async throws {
        let workspace = try Workspace()
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY Dockerfile /\nRUN true\n")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1)
        #expect(result.errorText.contains("/bin/sh"), "\(result.errorText)")
        #expect(result.errorText.contains("hint: the image has no shell at that path"), "\(result.errorText)")
    }

    @Test func limitsThatStopACommandAreNamed() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN sleep 600\n")
        let result = try await workspace.caisson("build", "--timeout", "1", "app")
        #expect(result.code == 1 && result.errorText.contains("--timeout"), "\(result.errorText)")
    }

    @Test(arguments: ["dev", "proc", "sys", "etc"])
    func imageWhoseSystemDirectoryIsALinkIsRefused(name: String) async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo never\n")
        try FileManager.default.createDirectory(atPath: workspace.path("victim"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: workspace.path("app/root/\(name)"), withDestinationPath: workspace.path("victim"))
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1, "\(result.errorText)")
        #expect(result.errorText.contains("/\(name)"), "\(result.errorText)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("victim")).isEmpty)
    }

    @Test func contextOutsideTheDirectoryIsOutOfReach() async throws {
        let workspace = try Workspace()
        try workspace.write("outside", "secret")
        try workspace.write("app/Dockerfile", "FROM scratch\nCOPY ../outside /\n")
        let result = try await workspace.caisson("build", "app")
        #expect(result.code == 1, "\(result.errorText)")
    }
}
