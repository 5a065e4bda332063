import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// What the program says about itself and about wrong calls.
@Suite(.timeLimit(.minutes(2)))
struct UsageTests {
    /// Every command below `path`, as the help of its parent lists them.
    private func commands(below path: [String], _ workspace: Workspace) async throws -> [[String]] {
        let help = try await workspace.command(path + ["--help"]).run()
        try #require(help.code == 0, "\(path): \(help.errorText)")
        var found = [path]
        for name in Self.subcommands(help.outputText) {
            found += try await commands(below: path + [name], workspace)
        }
        return found
    }

    /// Lines of two columns below a heading that ends in "SUBCOMMANDS:".
    private static func subcommands(_ help: String) -> [String] {
        var isList = false
        var names: [String] = []
        for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
            if !line.hasPrefix(" ") { isList = line.hasSuffix("SUBCOMMANDS:") }
            guard isList, line.hasPrefix("  "), !line.hasPrefix("   "), !line.contains("See 'caisson") else { continue }
            names.append(String(line.dropFirst(2).prefix { $0 != " " }))
        }
        return names
    }

    /// Each library costs time at every start. Swift's own are linked in where the program is built for release.
    @Test func startLoadsOnlyWhatMostCommandsNeed() async throws {
        let workspace = try Workspace()
        let listed = try await workspace.command(["--version"], environment: ["LD_TRACE_LOADED_OBJECTS=1"]).run()
        let names = listed.outputText.split(separator: "\n").compactMap { line in
            line.split(separator: " ").first?.split(whereSeparator: { "\t/".contains($0) }).last.map(String.init)
        }
        let expected: Set<Substring> = [
            "ld-linux-x86-64", "ld-linux-aarch64", "libbz2", "libc", "libcrypto", "libdeflate", "libgcc_s", "liblzma",
            "libm", "libstdc++", "libz", "libzstd", "linux-vdso",
            "libBlocksRuntime", "libFoundationEssentials", "libdispatch",
        ]
        #expect(names.contains("libc.so.6"))
        let others = names.filter { name in
            !expected.contains(name.prefix { $0 != "." }) && !name.hasPrefix("libswift")
                && !name.hasPrefix("lib_Internal")
        }
        #expect(others == [])
    }

    @Test func everyCommandExplainsItselfAndItsArguments() async throws {
        let workspace = try Workspace()
        let all = try await commands(below: [], workspace)
        #expect(
            Set(all.map { $0.joined(separator: " ") }).isSuperset(of: [
                "build", "run", "pull", "push", "fsck", "doctor", "image ls", "image history", "image inspect",
                "dockerfile ast",
                "dockerfile check", "dockerfile expand", "dockerfile ignore-match", "status", "runs", "show", "logs",
                "trigger",
            ]))
        for path in all {
            let help = try await workspace.command(path + ["--help"]).run().outputText
            #expect(help.hasPrefix("OVERVIEW: "), "\(path)")
            for word in ["TODO", "FIXME", "placeholder", "lorem", "(null)"] {
                #expect(!help.lowercased().contains(word.lowercased()), "\(path)")
            }
            for line in Self.unexplained(help) {
                Issue.record("caisson \(path.joined(separator: " ")): no help for `\(line)`")
            }
        }
    }

    /// Arguments and options without a text beside or below them.
    private static func unexplained(_ help: String) -> [String] {
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.compactMap { index in
            let line = lines[index]
            guard line.hasPrefix("  "), !line.hasPrefix("   "), let name = line.split(separator: " ").first,
                name.hasPrefix("<") || name.hasPrefix("-")
            else { return nil }
            let text = line.dropFirst(2).split(separator: "  ").dropFirst().first ?? ""
            let next = index + 1 < lines.count ? lines[index + 1] : ""
            let says =
                text.isEmpty ? next.hasPrefix("        ") ? next.drop { $0 == " " } : "" : text.drop { $0 == " " }
            return says.isEmpty || says.hasPrefix("(default") || says.hasPrefix("(values") ? String(line) : nil
        }
    }

    @Test(arguments: [
        (["bild", "."], "build"),
        (["imag", "ls"], "image"),
        (["image", "histroy", "x"], "history"),
        (["dockerfile", "chekc"], "check"),
        (["build", "--tagg", "x"], "--tag"),
        (["build", "--traget", "x"], "--target"),
        (["build", "--output", "type=ocii,dest=x"], "oci"),
        (["build", "--output", "type=oci,dst=x"], "dest"),
        (["build", "--output", "type=oci,dest=x,compresion=gzip"], "compression"),
        (["build", "--output", "type=oci,dest=x,compression=gzp"], "gzip"),
        (["build", "--target", "final", "--target", "final", "-t", "finl=x"], "final"),
    ])
    func misspelledWordsAreAnsweredWithTheRightOnes(arguments: [String], word: String) async throws {
        let workspace = try Workspace()
        try workspace.write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
        let result = try await workspace.command(arguments).run()
        #expect(result.code == 2)
        #expect(
            result.errorText.lowercased().contains("did you mean") && result.errorText.contains(word),
            "\(result.errorText)")
    }

    @Test(arguments: [
        (["build", "missing"], ["the build context `missing`", "no such file or directory"]),
        (["build", "-f", "missing", "."], ["missing"]),
        (["build", "ftp://example.org/app"], ["ftp://example.org/app", "no build context"]),
        (["build", "-t", "Upper", "."], ["upper-case"]),
        (["build", "--push", "."], ["--tag"]),
        (["build", "--output", "type=zip,dest=x", "."], ["`zip`", "oci, docker, tar, local"]),
        (["build", "--output", "type=oci", "."], ["dest=PATH"]),
        (["build", "--output", "type=oci,dest=x,level=99", "."], ["level", "gzip has 0 to 12"]),
        (["build", "--output", "type=oci,dest=x,level=", "."], ["level"]),
        (["build", "--output", "type=oci,dest=x,compression=none,level=1", "."], ["level"]),
        (["build", "--output", "type=oci,dest=x,dest=y", "."], ["`dest` is given twice"]),
        (["build", "--output", "type=oci,dest=-,tar=false", "."], ["standard output"]),
        (["build", "--output", "type=oci,dest=x,tar=perhaps", "."], ["tar", "neither true nor false"]),
        (["build", "--output", "type=docker,dest=x,compression=zstd", "."], ["docker", "type=oci"]),
        (["build", "--output", "type=tar,dest=x,compression=gzip", "."], ["tar has no field `compression`"]),
        (["build", "--output", "type=image,dest=x", "."], ["image has no field `dest`"]),
        (["build", "--output", "type=image,oci-mediatypes=false", "."], ["media types"]),
        (["build", "--output", "type=oci,\"dest=x", "."], ["a quote does not end"]),
        (["build", "--output", "type=registry", "."], ["--tag", "name=NAME"]),
        (["build", "--output", "type=oci,dest=missing/x", "."], ["no directory"]),
        (["build", "--iidfile", "missing/id", "."], ["--iidfile", "no directory"]),
        (["build", "--metadata-file", "missing/m", "."], ["--metadata-file", "no directory"]),
        (
            ["build", "--platform", "linux/amd64,linux/arm64", "--output", "type=docker,dest=x", "."],
            ["one platform", "type=oci"]
        ),
        (["build", "--output", "type=local,dest=-", "."], ["standard output"]),
        (["build", "--memory", "lots", "."], ["lots", "512m"]),
        (["build", "--label", "=x", "."], ["`=x`", "name=value"]),
        (["build", "--build-arg", "=x", "."], ["`=x`", "name=value"]),
        (["build", "--build-arg", "", "."], ["name=value"]),
        (["build", "--annotation", "x", "."], ["`x`", "name=value"]),
        (["build", "--annotation", "=x", "."], ["no name"]),
        (["build", "--annotation", "indx:a=b", "."], ["`indx`", "did you mean `index`?"]),
        (["build", "--annotation", "index:a=b", "."], ["the annotation `a`", "one platform"]),
        (["build", "--annotation", "index[linux/arm64]:a=b", "."], ["no single platform"]),
        (["build", "--progress", "plian", "."], ["plian", "'plain'"]),
        (["build", "--network", "nnoe", "."], ["nnoe", "'none'"]),
        (["build", "--color", "nevr", "."], ["nevr", "'never'"]),
        (["completion", "tcsh"], ["tcsh", "'bash'"]),
        (["build", "--epoch", "yesterday", "."], ["yesterday"]),
        (["build", "--platform", "amd64/linux/x/y", "."], ["amd64/linux/x/y"]),
        (["build", "--target", "finel", "."], ["final"]),
        (["build", "one", "two"], ["two"]),
        (["image", "inspect", "example.org/missing"], ["example.org/missing", "caisson image ls"]),
        (["image", "inspect", "a@b"], ["a@b"]),
        (["push", "example.org/missing"], ["example.org/missing", "caisson image ls"]),
        (["dockerfile", "expand", "${"], ["${"]),
        (["dockerfile", "check", "missing"], ["missing"]),
        (["dockerfile", "ignore-match", "missing", "x"], ["missing"]),
        (["run"], ["reference"]),
    ])
    func wrongCallsAreRefusedWithTheReason(arguments: [String], words: [String]) async throws {
        let workspace = try Workspace()
        try workspace.write("Dockerfile", "FROM scratch AS final\nCOPY Dockerfile /\n")
        let result = try await workspace.command(arguments).run()
        #expect(result.code == 2, "\(result.errorText)")
        #expect(result.output.isEmpty)
        #expect(result.errorText.hasPrefix("error: "), "\(result.errorText)")
        for word in words { #expect(result.errorText.contains(word), "\(result.errorText)") }
    }

    @Test func completionIsAScriptOfItsShell() async throws {
        let workspace = try Workspace()
        for shell in ["bash", "zsh", "fish"] {
            let script = try await workspace.succeed("completion", shell)
            #expect(script.contains("caisson") && script.contains("build-arg"))
            if shell == "bash" {
                try workspace.write("completion", script)
                try await workspace.tool("bash", "-n", workspace.path("completion"))
            }
        }
    }

    @Test func versionIsOneLine() async throws {
        let workspace = try Workspace()
        let text = try await workspace.succeed("--version")
        #expect(text.hasPrefix("caisson ") && text.filter { $0 == "\n" }.count == 1)
    }

    @Test func agentThatIsNotThereIsAFailureOfTheHost() async throws {
        let workspace = try Workspace()
        let result = try await workspace.caisson("status", "--agent", "unix:\(workspace.path("no.sock"))")
        #expect(result.code == 3 && result.errorText.contains("no.sock"))
    }
}
