import Foundation
import Linux
import SystemPackage
import Testing

/// Several processes on one store, and stores in odd places.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(2)))
struct SharedStoreTests {
    @Test func buildsAtTheSameTimeAgree() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 5000 > /a\nRUN seq 1 6000 > /b\n")
        let digests = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<3 { group.addTask { try await workspace.succeed("build", "-t", "example.org/app:1", "app") } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(digests.count == 1)
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
    }

    @Test func theSameStepOfSeveralProcessesRunsOnce() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo one of $((40 + 2)); sleep 1\n")
        let outputs = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<3 {
                group.addTask { try await workspace.caisson("build", "--progress", "plain", "app").errorText }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outputs.filter { $0.contains("one of 42") }.count == 1, "\(outputs)")
        #expect(outputs.allSatisfy { $0.contains("#1 DONE") || $0.contains("#1 CACHED") }, "\(outputs)")
    }

    /// tmpfs cannot hold what the kernel mounts layers from: directories serve, and `doctor` says so.
    @Test func storeOnTmpfsFallsBackToDirectories() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN echo hello > /greeting\nCMD [\"cat\", \"/greeting\"]\n")
        let script = """
            mkdir memory && mount -t tmpfs none memory && export CAISSON_ROOT=$PWD/memory/store || exit 99
            "$0" doctor; echo "doctor $?"
            "$0" build -t example.org/app:1 app && "$0" run example.org/app:1 && "$0" fsck
            """
        let text = try await workspace.tool("unshare", "--mount", "sh", "-c", script, Workspace.program.string)
        #expect(text.contains("doctor 0") && text.contains("tmpfs"), "\(text)")
        #expect(text.contains("director"), "\(text)")
        #expect(text.contains("hello\n") && text.contains("0 problems"), "\(text)")
    }

    @Test func storeThatCannotBeWrittenIsAFailureOfTheHost() async throws {
        let workspace = try Workspace()
        try workspace.context("ENV A=1\n")
        try workspace.write("file", "")
        for root in [workspace.path("file"), "/proc/store"] {
            let result = try await workspace.caisson("build", "--root", root, "app")
            #expect(result.code == 3 && result.errorText.contains(root), "\(result.errorText)")
            #expect(try await workspace.caisson("doctor", "--root", root).code == 3)
        }
    }
}
