import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// What the store keeps, made smaller while builds run; why steps ran.
@Suite(.enabled(if: Requirements.build, Requirements.buildComment), .timeLimit(.minutes(3)))
struct CacheCommandTests {
    private func json(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    @Test func pruneSaysWhatGoesAndLeavesASoundStore() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 1000 > /a\nRUN seq 1 2000 > /b\n")
        try await workspace.succeed("build", "app")
        let before = try json(try await workspace.succeed("cache", "du", "--json"))
        let dry = try json(try await workspace.succeed("cache", "prune", "--all", "--dry-run", "--json"))
        #expect(dry["freed"] == before["reclaimable"])
        let removed = try json(try await workspace.succeed("cache", "prune", "--all", "--json"))
        #expect(removed["freed"] == dry["freed"] && removed["removed"]?.arrayValue?.isEmpty == false)
        #expect(
            removed["removed"]?.arrayValue?.allSatisfy { $0["reason"]?.stringValue == "everything was asked for" }
                == true)
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
        #expect(!(try await workspace.succeed("cache", "ls")).contains("step"))
        try await workspace.succeed("build", "app")
        #expect(try await workspace.succeed("cache", "ls").contains("RUN seq 1 2000 > /b"))
    }

    /// Whatever goes between the steps of a build, the build gets its layers or makes them again.
    @Test func buildsSucceedWhileEverythingIsPruned() async throws {
        let workspace = try Workspace()
        try workspace.context(
            (1...6).map { "RUN seq 1 \($0)000 > /\($0)\n" }.joined() + "FROM scratch\nCOPY --from=0 /6 /6\n")
        let expected = try await workspace.succeed("build", "app")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    for round in 0..<4 {
                        let options = (number + round).isMultiple(of: 2) ? [] : ["--no-cache"]
                        let result = try await workspace.command(["build"] + options + ["app"]).run()
                        #expect(result.code == 0 && result.outputText == expected, "\(result.errorText)")
                    }
                }
            }
            group.addTask {
                for _ in 0..<30 { try await workspace.succeed("cache", "prune", "--all") }
            }
            try await group.waitForAll()
        }
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
    }

    @Test(arguments: 0..<(Requirements.full ? 40 : 8))
    func killedPruneLeavesASoundStore(_ round: Int) async throws {
        let workspace = try Workspace()
        try workspace.context((1...5).map { "RUN seq 1 \($0)000 > /\($0)\n" }.joined())
        try await workspace.succeed("build", "app")
        var command = workspace.command(["cache", "prune", "--all"])
        command.deadline = .milliseconds(5 + 6 * round)
        _ = try await command.run()
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
        try await workspace.succeed("build", "app")
    }

    @Test func quotaThatCannotBeKeptIsAFailureOfTheHost() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 2000000 > /big\n")
        let result = try await workspace.caisson("build", "--quota", "12m", "app")
        #expect(result.code == 3, "\(result.errorText)")
        #expect(result.errorText.contains("quota") && result.errorText.contains("are missing"), "\(result.errorText)")
        #expect(result.errorText.contains("running builds hold"), "\(result.errorText)")
        let usage = try json(try await workspace.succeed("cache", "du", "--json"))
        #expect(try #require(usage["total"]?.integerValue) <= 12 << 20)
        try await workspace.succeed("build", "app", environment: ["CAISSON_QUOTA=64MiB"])
        let wrong = try await workspace.caisson("build", "app", environment: ["CAISSON_QUOTA=much"])
        #expect(wrong.code == 2 && wrong.errorText.contains("CAISSON_QUOTA"))
    }

    // MARK: Reasons

    private func reasons(_ workspace: Workspace, _ arguments: String...) async throws -> [String] {
        _ = try await workspace.command(["build"] + arguments + ["app"]).run()
        let steps = try json(try await workspace.succeed("explain", "--context", "app", "--json"))["steps"]
        return try #require(steps?.arrayValue).map { step in
            let words = (step["reasons"]?.arrayValue ?? []).compactMap(\.stringValue)
            return (step["cached"]?.boolValue == true ? "cached" : words.joined(separator: "; "))
        }
    }

    @Test func explainNamesAFileOfAMount() async throws {
        let workspace = try Workspace()
        try workspace.context(
            "RUN --mount=type=bind,target=/in --mount=type=cache,target=/cache cat /in/src/a\n", files: ["src/a": "1"])
        _ = try await reasons(workspace)
        try workspace.write("app/src/a", "2")
        #expect(try await reasons(workspace).last == "of what is mounted, file src/a changed")
    }

    @Test func explainNamesTheFirstOfManyFiles() async throws {
        let workspace = try Workspace()
        try workspace.context("COPY src /src\n")
        for number in 1000..<2200 { try workspace.write("app/src/d\(number % 7)/f \(number)", "\(number)") }
        _ = try await reasons(workspace)
        #expect(try await reasons(workspace).last == "cached")
        for number in 1990..<1995 { try workspace.write("app/src/d\(number % 7)/f \(number)", "changed") }
        try workspace.write("app/src/d1/new", "")
        try await workspace.tool("rm", workspace.path("app/src/d4/f 1992"), workspace.path("app/src/d6/f 1000"))
        #expect(
            try await reasons(workspace).last?.components(separatedBy: "; ") == [
                "file d2/f 1990 changed", "file d3/f 1991 changed", "file d5/f 1993 changed", "1 more file changed",
                "file d1/new is new", "2 files are gone",
            ])
        // From a selection that is listed to one that is not, and back.
        let old = (1000..<1300).map { workspace.path("app/src/d\($0 % 7)/f \($0)") }
        try await workspace.tool(["rm", "-f"] + old)
        let fewer = try await reasons(workspace).last
        #expect(fewer == "299 files are gone", "\(fewer ?? "")")
    }

    @Test func explainNamesTheMountThatChangedAndACauseOnce() async throws {
        let workspace = try Workspace()
        try workspace.context("")
        func mount(at target: String) throws {
            try workspace.write(
                "app/Dockerfile",
                """
                FROM scratch AS one
                COPY root /
                RUN --mount=type=cache,target=\(target) echo \(target) > /place
                FROM one
                COPY --from=one /bin/echo /copy
                """)
        }
        try mount(at: "/cache")
        _ = try await reasons(workspace)
        try mount(at: "/other")
        let found = try await reasons(workspace)
        #expect(found[1].contains("target of the cache mount /cache /cache → /other"), "\(found)")
        #expect(found[2].components(separatedBy: "an earlier step changed").count == 2, "\(found)")
    }

    @Test func explainNamesWhatChanged() async throws {
        let workspace = try Workspace()
        let rest = "ARG VERSION=1\nRUN echo $VERSION > /version\nCOPY src /src\nRUN ls /src > /list\n"
        try workspace.context(rest, files: ["src/a": "1", "src/b": "1"])
        #expect(try await reasons(workspace).allSatisfy { $0 == "no record: not built here before" })
        #expect(try await reasons(workspace).allSatisfy { $0 == "cached" })

        try workspace.write("app/src/a", "2")
        try workspace.write("app/src/c", "1")
        var found = try await reasons(workspace)
        #expect(found[0...1] == ["cached", "cached"])
        #expect(found[2].contains("file a changed") && found[2].contains("file c is new"), "\(found)")
        #expect(found[3].contains("an earlier step changed") && found[3].contains("COPY src /src"), "\(found)")

        found = try await reasons(workspace, "--build-arg", "VERSION=2")
        #expect(found[1] == "ARG VERSION 1 → 2", "\(found)")
        found = try await reasons(workspace, "--no-cache")
        #expect(found.allSatisfy { $0 == "--no-cache" }, "\(found)")
        #expect(try await reasons(workspace).contains("cached"))

        try await workspace.succeed("cache", "prune", "--all")
        found = try await reasons(workspace)
        #expect(found.allSatisfy { $0 == "no record: its result is no longer in the store" }, "\(found)")

        try workspace.context(
            rest.replacingOccurrences(of: "ls /src > /list", with: "ls /src > /names"),
            files: ["src/a": "2", "src/b": "1"])
        found = try await reasons(workspace)
        #expect(found[3].contains("the instruction was `RUN ls /src > /list`"), "\(found)")
        #expect(try await workspace.succeed("explain", "4", "--context", "app").contains("#4"))
        #expect(try await workspace.caisson("explain", "--context", "elsewhere").code == 2)
    }

    @Test func filteredStagesRunAgain() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 9 > /a\nFROM scratch\nCOPY --from=0 /a /a\n")
        try await workspace.succeed("build", "app")
        let result = try await workspace.caisson("build", "--progress", "plain", "--no-cache-filter", "0", "app")
        #expect(result.errorText.contains("(--no-cache-filter 0)"), "\(result.errorText)")
        #expect(result.errorText.contains("#3 CACHED"), "\(result.errorText)")
        let wrong = try await workspace.caisson("build", "--no-cache-filter", "nothing", "app")
        #expect(wrong.code == 2 && wrong.errorText.contains("the stages are: stage-0, stage-1"), "\(wrong.errorText)")
        try workspace.context("RUN seq 1 9 > /a\nFROM scratch AS Named\nCOPY --from=0 /a /a\n")
        for name in ["stage-0", "NAMED", "1", "stage-1"] {
            let result = try await workspace.caisson("build", "--progress", "plain", "--no-cache-filter", name, "app")
            let ran = result.errorText.split(separator: "\n").filter { $0.contains("(--no-cache-filter") }
            #expect(ran.count == (name == "stage-0" ? 2 : 1), "\(result.errorText)")
        }
        let near = try await workspace.caisson("build", "--no-cache-filter", "namde", "app")
        #expect(near.errorText.contains("did you mean `named`?"), "\(near.errorText)")
    }

    /// A cache of RUN is a way from one build into another too.
    @Test func scopesKeepTheirCacheMountsToThemselves() async throws {
        let workspace = try Workspace()
        func cached(_ arguments: String...) async throws -> String {
            try workspace.context(
                """
                RUN --mount=type=cache,target=/c echo \(UUID()) > /mark; ls /c > /list; echo > /c/\(arguments.count)

                """)
            let options = ["build", "--output", workspace.path("out")] + arguments
            let result = try await workspace.command(options + ["app"]).run()
            try #require(result.code == 0, "\(result.errorText)")
            return try workspace.read("out/list")
        }
        #expect(try await cached("--cache-scope", "fork") == "")
        #expect(try await cached("--cache-scope", "fork") == "2\n")
        #expect(try await cached() == "")
        #expect(try await cached("--cache-scope", "other") == "")
        // What a build argument says does not reach into another scope.
        #expect(try await cached("--build-arg", "BUILDKIT_CACHE_MOUNT_NS=fork") == "")
        #expect(try await workspace.succeed("cache", "mounts", "ls").contains("scope=fork"))
    }

    @Test func explainNamesWhatTheOptionsChanged() async throws {
        let workspace = try Workspace()
        try workspace.context("COPY a /a\nRUN echo\n", files: ["a": "1"])
        func change(_ from: String, _ to: String) throws {
            let text = try workspace.read("app/Dockerfile")
            try workspace.write("app/Dockerfile", text.replacingOccurrences(of: from, with: to))
        }
        _ = try await reasons(workspace)
        #expect(try await reasons(workspace, "--add-host", "db:10.0.0.1").last == "--add-host none → db")
        _ = try await reasons(workspace)
        #expect(try await reasons(workspace, "--ulimit", "nofile=1024:1024").last == "--ulimit none → nofile=1024:1024")
        _ = try await reasons(workspace)
        try change("RUN echo", "USER 1\nRUN echo")
        #expect(try await reasons(workspace).last == "user root → 1")
        try change("COPY a", "COPY --chown=5 a")
        #expect(try await reasons(workspace)[1] == "the instruction was `COPY a /a`; --chown none → 5")
        try await workspace.tool("mv", workspace.path("app/a"), workspace.path("app/b"))
        try change("5 a /a", "5 b /a")
        #expect(try await reasons(workspace)[1].hasSuffix("; file a is now b"))
        // Other platforms and targets are compared with what was built before.
        let other = try await reasons(workspace, "--platform", "linux/riscv64")
        #expect(other.contains { $0.contains("platform linux/") && $0.contains(" → linux/riscv64") }, "\(other)")
    }

    @Test func explainFindsTheLastBuildAndStepsAsProgressNamesThem() async throws {
        let workspace = try Workspace()
        #expect(try await workspace.caisson("explain").errorText.contains("no build is known"))
        try workspace.context("RUN echo one\nFROM scratch AS Last\nCOPY --from=0 /bin/echo /echo\n")
        try await workspace.succeed("build", "app")
        let all = try await workspace.caisson("explain")
        #expect(all.code == 0 && all.errorText.contains(workspace.path("app")), "\(all.errorText)")
        #expect(try await workspace.succeed("explain", "stage-0").contains("RUN echo one"))
        let last = try await workspace.succeed("explain", "LAST")
        #expect(last.contains("COPY --from=0") && !last.contains("RUN echo one"), "\(last)")
        #expect(try await workspace.succeed("explain", "run ECHO").contains("RUN echo one"))
    }

    @Test func scopesKeepTheirResultsToThemselves() async throws {
        let workspace = try Workspace()
        try workspace.context("RUN seq 1 9 > /a\n")
        func ran(_ arguments: String...) async throws -> Int {
            let result = try await workspace.command(["build", "--progress", "plain"] + arguments + ["app"]).run()
            try #require(result.code == 0, "\(result.errorText)")
            return result.errorText.split(separator: "\n").count { $0.contains(" DONE ") }
        }
        #expect(try await ran("--cache-scope", "fork") == 2)
        #expect(try await ran("--cache-scope", "fork") == 0)
        #expect(try await ran("--cache-scope", "other") == 2)
        #expect(try await ran() == 2)
        #expect(try await ran("--cache-scope", "third") == 0)
    }
}
