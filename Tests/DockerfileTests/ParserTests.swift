import Dockerfile
import Testing

/// Lines, comments, continuations and parser directives.
@Suite struct ParserTests {
    @Test(arguments: ["\tFrom scratch", "from scratch", "  FROM scratch  ", "FROM\tscratch\r"])
    func instructionNamesIgnoreCaseAndLeadingBlanks(text: String) {
        let parsed = parse(text)
        #expect(parsed.diagnostics.isEmpty)
        #expect(parsed.instructions.map(\.keyword) == [.from])
        #expect(parsed.instructions[0].arguments.map(\.text) == ["scratch"])
    }

    @Test(arguments: [
        ("RUN echo # x", "echo # x"),
        ("RUN echo a \\\n# c\nb", "echo a b"),
        ("RUN echo a \\\n   # c\nb", "echo a b"),
        ("RUN echo a \\\n\n  \nb", "echo a b"),
        ("RUN echo a \\\r\nb\r\n", "echo a b"),
        ("RUN echo a\\   \n  b", "echo a  b"),
        ("RUN \\\n\\\necho", "echo"),
        ("RUN echo a \\", "echo a"),
        ("RUN echo 'a\\\nb'", "echo 'ab'"),
        ("RUN echo x\\\\\\", "echo x\\\\\\"),
    ])
    func continuationsAreJoinedWithoutCommentsAndEmptyLines(text: String, command: String) {
        #expect(parse(text).instructions.map(\.text.text) == [command])
    }

    @Test func escapedEscapeAtTheEndOfALineEndsTheInstruction() {
        let parsed = parse("RUN echo a\\\\\nRUN b")
        #expect(parsed.instructions.map(\.text.text) == ["echo a\\\\", "b"])
    }

    @Test func escapeDirectiveChangesContinuationAndEscape() throws {
        let parsed = parse("# escape=`\nFROM scratch\nCOPY f C:\\\nRUN a=`\n  b\nENV c=d` e")
        #expect(parsed.diagnostics.isEmpty)
        #expect(parsed.instructions[1].arguments.map(\.text) == ["f", "C:\\"])
        #expect(parsed.instructions[3].pairs.map(\.value?.text) == ["d` e"])
        #expect(try parsed.expander.expand("d` e", lookup: { _ in nil }) == "d e")
    }

    @Test(arguments: [
        "# c\n# escape=`\nFROM a", "\n# escape=`\nFROM a", "FROM a\n# escape=`", "# other=1\n# escape=`\nFROM a",
    ])
    func escapeDirectiveAfterAnythingElseIsAComment(text: String) {
        #expect(parse(text).directives.escape == UInt8(ascii: "\\"))
    }

    @Test func repeatedDirectiveIsAnError() {
        #expect(errors("# escape=`\n# ESCAPE=`\nFROM a") == ["only one `escape` parser directive is allowed"])
    }

    @Test func onlyTwoCharactersCanEscape() {
        #expect(errors("# escape=x\nFROM a") == ["invalid escape token `x`"])
    }

    @Test(arguments: [
        "#syntax=docker/dockerfile:1\nFROM a", "#  SYNTAX = docker/dockerfile:1  \nFROM a",
        "#!/usr/bin/env x\n# syntax=docker/dockerfile:1\nFROM a",
    ])
    func syntaxDirectiveIsRecorded(text: String) {
        #expect(parse(text).directives.syntax?.text == "docker/dockerfile:1")
        #expect(errors(text) == [])
    }

    @Test func syntaxAfterAnEmptyLineIsAComment() {
        #expect(parse("\n#syntax=example.org/x\nFROM a").directives.syntax == nil)
    }

    @Test func otherFrontEndIsAnError() {
        #expect(
            errors("# syntax=example.org/other:1\nFROM a") == ["the front end `example.org/other:1` is not supported"])
    }

    @Test(arguments: [
        ("", "the Dockerfile cannot be empty"),
        ("# only this\n\n", "the Dockerfile has no instructions"),
        ("ARG a=1\n", "the Dockerfile has no stages to build"),
        ("RUN x\nFROM a", "RUN stands before the first FROM"),
        ("FROM a\nRUNN x", "unknown instruction `RUNN`"),
        ("FROM a\nENV a", "ENV `a` has no value"),
        ("FROM a\nENV a=1 b", "`b` has no `=`"),
        ("FROM a\nRUN a\0b", "the text holds a NUL byte"),
    ])
    func brokenFilesAreExplained(text: String, message: String) {
        #expect(errors(text) == [message])
    }

    @Test func unknownInstructionSuggestsTheNearest() {
        #expect(parse("FORM x").diagnostics.map(\.hint) == ["did you mean `FROM`?"])
        #expect(parse("xyzzy x").diagnostics.map(\.hint) == [nil])
    }

    @Test func everyMistakeIsReported() {
        #expect(errors("FROM a\nFOO\nENV x\nRUN ok\nBAR\nCOPY a\nCOPY --nope a b").count == 5)
    }

    @Test func byteOrderMarkIsNotText() {
        let parsed = DockerfileParser.parse([0xEF, 0xBB, 0xBF] + Array("FROM a".utf8), name: "Dockerfile")
        #expect(parsed.diagnostics.isEmpty)
        #expect(parsed.instructions[0].spelling.range.start == SourcePosition(line: 1, column: 1))
    }

    @Test func invalidUTF8IsAnErrorWithItsPlace() {
        let parsed = DockerfileParser.parse(Array("FROM a\nENV x=".utf8) + [0xFF], name: "Dockerfile")
        #expect(parsed.diagnostics.map(\.message) == ["the text is not valid UTF-8"])
        #expect(parsed.diagnostics[0].range?.start == SourcePosition(line: 2, column: 7))
    }

    @Test func linesUpTo65535BytesAreAccepted() {
        let fits = "FROM a\nRUN " + String(repeating: "x", count: 65_535 - 4)
        #expect(errors(fits) == [])
        #expect(errors(fits + "x") == ["line is longer than 65535 bytes"])
        #expect(
            errors("FROM a\nRUN <<E\n\(String(repeating: "x", count: 70_000))\nE\n") == [
                "line is longer than 65535 bytes"
            ])
    }

    @Test func commentsAboveAnInstructionBelongToIt() {
        let parsed = parse("# lost\n#\n# base image\n# for all\nFROM a\n# gone\n\nRUN x")
        #expect(parsed.instructions.map { $0.comments.map(\.text) } == [["base image", "for all"], []])
    }

    @Test func instructionsKnowTheirLinesAndWordsTheirPlaces() {
        let parsed = parse("FROM a\nCOPY x \\\n  # why\n  yy \\\n  /z\nRUN <<E\nbody\nE\nUSER u")
        #expect(parsed.instructions.map(\.range.lines) == [1...1, 2...5, 6...8, 9...9])
        #expect(
            parsed.instructions[1].arguments.map(\.range.start) == [
                SourcePosition(line: 2, column: 6), SourcePosition(line: 4, column: 3),
                SourcePosition(line: 5, column: 3),
            ])
        #expect(parsed.instructions[1].original == "COPY x   yy   /z")
    }

    @Test func emptyContinuationLineIsRemembered() {
        #expect(parse("RUN a \\\n\nb").instructions.map(\.emptyContinuationLine) == [2])
    }

    @Test(arguments: ["ONBUILD ONBUILD RUN x", "ONBUILD FROM a", "ONBUILD MAINTAINER me", "ONBUILD"])
    func onbuildRefusesSomeInstructions(text: String) {
        #expect(errors("FROM a\n" + text).count == 1)
    }
}
