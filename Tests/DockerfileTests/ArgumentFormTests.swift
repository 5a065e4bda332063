import Dockerfile
import Testing

/// How the rest of an instruction is split: JSON or shell form, pairs, flags.
@Suite struct ArgumentFormTests {
    @Test(arguments: [
        (#"RUN ["echo", "hi"]"#, ["echo", "hi"]),
        (#"RUN [ "a\u00e9\n\ud83d\ude00" ]  "#, ["a\u{e9}\n\u{1F600}"]),
        ("CMD []", []),
        (#"COPY ["a b", "c"]"#, ["a b", "c"]),
        (#"VOLUME ["/a"]"#, ["/a"]),
        ("CMD [\"a\", \\\n  \"b\"]", ["a", "b"]),
    ])
    func jsonArrayOfStringsIsExecForm(text: String, arguments: [String]) {
        let node = parse(text).instructions[0]
        #expect(node.form == .exec)
        #expect(node.arguments.map(\.text) == arguments)
    }

    @Test(arguments: [
        #"RUN ["echo", "hi"]x"#, "CMD ['a']", "ENTRYPOINT []random", #"CMD ["a",]"#, #"CMD ["a" "b"]"#, #"CMD ["\x"]"#,
        #"CMD ["a"#, #"CMD x ["a"]"#, "CMD [01]",
    ])
    func anythingElseIsShellForm(text: String) {
        let parsed = parse(text)
        #expect(parsed.diagnostics.isEmpty)
        #expect(parsed.instructions[0].form == .shell)
        #expect(parsed.instructions[0].arguments.map(\.text) == [String(text.drop { $0 != " " }.dropFirst())])
    }

    @Test(arguments: [#"CMD ["a", 1]"#, "RUN [null]", #"SHELL [["a"]]"#, #"COPY [{"a":1}, "b"]"#])
    func jsonArrayWithOtherValuesIsAnError(text: String) {
        #expect(errors("FROM a\n" + text) == ["the array may only hold strings"])
    }

    @Test func legacyPairTakesTheRestOfTheLine() {
        let nodes = parse("ENV A=1 B=2\nENV A 1 B=2\nENV myenv foo%sbar\nENV A  \"x y\"  z ").instructions
        #expect(nodes[0].pairs.map(\.value?.text) == ["1", "2"])
        #expect(nodes.dropFirst().map { $0.pairs.map(\.value?.text) } == [["1 B=2"], ["foo%sbar"], ["\"x y\"  z"]])
        #expect(nodes.map(\.isLegacyPair) == [false, true, true, true])
    }

    @Test func copyWordsAreSplitAtEveryBlank() {
        #expect(parse(#"COPY "a b" c"#).instructions[0].arguments.map(\.text) == [#""a"#, #"b""#, "c"])
    }

    @Test func flagsEndAtTwoDashesOrTheFirstOtherWord() {
        let nodes = parse("COPY --from=a --link -- --x y\nCOPY a --link\nRUN --mount=\"type=bind,target=a b\" x")
            .instructions
        #expect(nodes.map { $0.flags.map(\.text) } == [["--from=a", "--link"], [], ["--mount=type=bind,target=a b"]])
        #expect(nodes[0].arguments.map(\.text) == ["--x", "y"])
        #expect(nodes[1].arguments.map(\.text) == ["a", "--link"])
    }

    @Test(arguments: [
        ("COPY --form=a b c", "unknown flag `--form`", "did you mean `--from`?"),
        ("USER --x y", "unknown flag `--x`", "USER takes no flags"),
        ("COPY --link=yes a b", "`--link` is either true or false, not `yes`", nil),
        ("COPY --chown a b", "flag `--chown` has no value", "write --chown=value"),
        ("COPY --from=a --from=b c d", "flag `--from` is given twice", nil),
        ("RUN --network=hots x", "--network knows no `hots`", "did you mean `host`?"),
        ("COPY --from=$x a b", "--from takes no variables", "add a stage with FROM $x AS name and copy from that name"),
        (
            "COPY --chmod=10000 a b", "invalid mode `10000`",
            "use octal digits up to 7777, or a symbolic mode such as u=rwX,go=rX"
        ),
    ])
    func wrongFlagsAreExplained(text: String, message: String, hint: String?) {
        let found = stages("FROM a\n" + text).diagnostics
        #expect(found.map(\.message) == [message])
        #expect(found.map(\.hint) == [hint])
    }

    @Test func boolFlagsAndRepeatedExcludesAreRead() throws {
        guard case .copy(let copy)? = instructions("COPY --link --parents=false --exclude=a --exclude=b x y").first
        else {
            Issue.record("no COPY")
            return
        }
        #expect(copy.isLinked && !copy.keepsParents)
        #expect(copy.excludes.map(\.text) == ["a", "b"])
    }

    @Test(arguments: [
        (
            "ADD --checksum=sha256:00 https://example.org/a https://example.org/b /",
            "--checksum needs exactly one source"
        ),
        ("ADD --checksum=sha256:00 a /", "--checksum is for URLs and git repositories, not for local files"),
        ("COPY --checksum=sha256:00 a /", "unknown flag `--checksum`"),
        ("ADD --checksum=md5:00 https://example.org/a /", "unsupported digest algorithm `md5`"),
    ])
    func checksumMistakesAreDistinct(text: String, message: String) {
        #expect(errors("FROM a\n" + text) == [message])
    }

    @Test(arguments: [
        "FROM a b", "FROM a AS", "FROM a AS b c", "FROM a IS b", "FROM a AS 1b", "FROM scratch AS build-$TARGETOS",
        "FROM",
        "FROM a\nCMD --x", "FROM a\nRUN", "FROM a\nCOPY a", "FROM a\nUSER", "FROM a\nSHELL /bin/sh", "FROM a\nSHELL []",
        "FROM a\nHEALTHCHECK", "FROM a\nHEALTHCHECK NONE x", "FROM a\nHEALTHCHECK --interval=1 CMD x",
        "FROM a\nHEALTHCHECK --timeout=10us CMD x", "FROM a\nHEALTHCHECK --retries=-1 CMD x", "FROM a\nEXPOSE 99999",
        "FROM a\nEXPOSE 80/x", "FROM a\nEXPOSE 9-8", "FROM a\nSTOPSIGNAL SIGFOO", "FROM a\nVOLUME \"\"",
        "FROM a\nVOLUME [\"\"]", "FROM a\nARG =1", "FROM a\nENV \"\"=1", "FROM a\nENV k='a\\'b'", "FROM a\nWORKDIR ${",
        "FROM a\nCOPY <<E\nx\nE", "FROM a\nCOPY x <<E\nx\nE", "FROM a\nRUN <<E\nx", "FROM a\nONBUILD COPY a",
    ])
    func instructionsWithWrongArgumentsHaveExactlyOneError(text: String) {
        #expect(errors(text).count == 1, "\(errors(text))")
    }

    @Test func healthcheckTimesAreNanoseconds() {
        guard
            case .healthcheck(.command(.shell(let command), let timing))? = instructions(
                "HEALTHCHECK --interval=1m30s --timeout=1.5s --retries=3 CMD curl -f x"
            ).first
        else {
            Issue.record("no HEALTHCHECK")
            return
        }
        #expect(command.text == "curl -f x")
        #expect(timing.interval == 90_000_000_000 && timing.timeout == 1_500_000_000 && timing.retries == 3)
    }

    @Test func triggerIsStoredAsText() {
        guard case .onbuild(let onbuild)? = instructions("ONBUILD RUN <<E\nx\nE").first else {
            Issue.record("no ONBUILD")
            return
        }
        #expect(onbuild.text == "RUN <<E\nx\nE")
        #expect(onbuild.trigger.keyword == .run)
    }

    @Test(arguments: [
        ("80", ["80/tcp"]), ("80/TCP", ["80/tcp"]), ("7-9/udp", ["7/udp", "8/udp", "9/udp"]),
        ("127.0.0.1:1:80", ["80/tcp"]),
    ])
    func portsAreNormalised(text: String, exposed: [String]) throws {
        #expect(try PortRange.parse(text).exposed == exposed)
    }

    @Test(arguments: [
        ("755", 0o644, false, 0o755), ("4755", 0o644, false, 0o4755), ("0", 0o644, false, 0),
        ("u=rwX,go=rX", 0o600, false, 0o644),
        ("u=rwX,go=rX", 0o600, true, 0o755), ("+x", 0o644, false, 0o755), ("g=u", 0o640, false, 0o660),
        ("a-w,u+s", 0o755, false, 0o4555), ("o=", 0o777, false, 0o770), ("+t", 0o755, true, 0o1755),
    ])
    func modesChangeAsChmodDoes(text: String, before: UInt16, isDirectory: Bool, after: UInt16) throws {
        #expect(try #require(FileModeChange(text)).applied(to: before, isDirectory: isDirectory) == after)
    }

    @Test(arguments: ["64a", "10000", "", "u", "u=q", "u+rw,", "x+r"])
    func modesThatAreNoneAreRefused(text: String) {
        #expect(FileModeChange(text) == nil)
    }
}
