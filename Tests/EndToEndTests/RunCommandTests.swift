import Foundation
import Linux
import SystemPackage
import Testing

/// `caisson run`: the program's streams and exit code, nothing else.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct RunCommandTests {
    @Test func streamsAndExitCodeAreTheProgramsOwn() async throws {
        let workspace = try Workspace()
        try workspace.context("ENTRYPOINT [\"/bin/sh\", \"-c\"]\nCMD [\"echo usual\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        #expect(try await workspace.succeed("run", "example.org/app:1") == "usual\n")
        let result = try await workspace.caisson("run", "example.org/app:1", "echo out; echo err >&2; exit 7")
        #expect(result.code == 7 && result.outputText == "out\n" && result.errorText == "err\n")
    }

    @Test func whatARunWritesIsDropped() async throws {
        let workspace = try Workspace()
        try workspace.context("CMD [\"/bin/sh\", \"-c\", \"ls / | /bin/busybox grep -c mark; echo > /mark\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        for _ in 0..<2 {
            let result = try await workspace.caisson("run", "example.org/app:1")
            #expect(result.outputText == "0\n" && result.code == 0)
        }
    }

    @Test func programThatIsNotThereIs127() async throws {
        let workspace = try Workspace()
        try workspace.context("CMD [\"/bin/absent\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let result = try await workspace.caisson("run", "example.org/app:1")
        #expect(result.code == 127)
        #expect(result.errorText.contains("error: ") && result.errorText.contains("/bin/absent"), "\(result.errorText)")
    }

    @Test(arguments: [
        ("absent", "PATH"), ("/bin/absent", "at that path"),
    ])
    func programThatIsNotThereIsNamedOnceWithARemedy(program: String, remedy: String) async throws {
        let workspace = try Workspace()
        try workspace.context("CMD [\"/bin/sh\"]\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let result = try await workspace.caisson("run", "example.org/app:1", program)
        let lines = result.errorText.split(separator: "\n")
        #expect(lines.count == 2, "\(result.errorText)")
        #expect(lines.first?.hasPrefix("error: ") == true && lines.first?.contains("`\(program)`") == true)
        #expect(lines.last?.hasPrefix("hint: ") == true && lines.last?.contains(remedy) == true)
        // A program that says the same of another is not held back.
        let said = try await workspace.caisson(
            "run", "example.org/app:1", "/bin/sh", "-c", "echo 'executable file `x` not found' >&2; exit 3")
        #expect(said.code == 3 && said.errorText == "executable file `x` not found\n")
    }

    @Test func imageWithoutACommandNeedsOne() async throws {
        let workspace = try Workspace()
        try workspace.context("ENV A=1\n")
        try await workspace.succeed("build", "-t", "example.org/app:1", "app")
        let result = try await workspace.caisson("run", "example.org/app:1")
        #expect(result.code == 2 && result.errorText.contains("CMD"))
        #expect(try await workspace.succeed("run", "example.org/app:1", "echo", "-n", "given") == "given")
    }
}
