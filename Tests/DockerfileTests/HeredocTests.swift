import Dockerfile
import Testing

@Suite struct HeredocTests {
    private func heredocs(_ text: String) -> [Heredoc] { parse(text).instructions[0].heredocs }

    @Test(arguments: [
        ("RUN <<EOF\na\nEOF", "EOF", true, false, "a\n"),
        ("RUN <<-EOF\n\ta\n  b\n\tEOF", "EOF", true, true, "\ta\n  b\n"),
        ("RUN <<'EOF'\na\nEOF", "EOF", false, false, "a\n"),
        ("RUN <<\"EOF\"\na\nEOF", "EOF", false, false, "a\n"),
        ("RUN <<E\\OF\na\nEOF", "EOF", false, false, "a\n"),
        ("RUN << EOF\na\nEOF", "EOF", true, false, "a\n"),
        ("RUN cat <<EOF>f\na\nEOF", "EOF", true, false, "a\n"),
        ("RUN x=$(cat <<EOF)\n\nEOF", "EOF", true, false, "\n"),
        ("RUN 3<<EOF\n# a \\\nb\nEOF", "EOF", true, false, "# a \\\nb\n"),
        ("RUN <<EOF\nEOF", "EOF", true, false, ""),
        ("RUN <<EOF\r\na\r\nEOF\r\n", "EOF", true, false, "a\r\n"),
        ("RUN <<EOF\n EOF\nEOF \nEOF", "EOF", true, false, " EOF\nEOF \n"),
    ])
    func tokensAndBodiesAreRead(text: String, name: String, expands: Bool, chomps: Bool, body: String) {
        let found = heredocs(text)
        guard let heredoc = found.first else {
            #expect(name.isEmpty)
            return
        }
        #expect(found.count == 1)
        #expect(heredoc.name == name && heredoc.expands == expands && heredoc.chomps == chomps && heredoc.body == body)
    }

    @Test(arguments: [
        "RUN cat <<<EOF", "RUN echo '<<EOF'", "RUN echo \"a <<EOF\"", "RUN echo a<<EOF", "RUN echo $((1 << 2))",
        "RUN ((a << 2))", "RUN echo \\<<EOF", "CMD <<EOF", "RUN x <<",
    ])
    func otherArrowsAreNoHeredocs(text: String) {
        #expect(parse(text).diagnostics.isEmpty)
        #expect(heredocs(text).isEmpty)
    }

    @Test func tabsAreDroppedFromTheContentOnly() {
        let heredoc = heredocs("RUN <<-E\n\t\ta\tb\n \tc\nE")[0]
        #expect(heredoc.body == "\t\ta\tb\n \tc\n")
        #expect(heredoc.content == "a\tb\n \tc\n")
    }

    @Test func bodiesFollowInTheOrderOfTheirTokens() {
        let parsed = parse("COPY <<a x <<b dir/\n1\na\n2\nb\nRUN y")
        #expect(parsed.instructions.map(\.heredocs.count) == [2, 0])
        #expect(parsed.instructions[0].heredocs.map(\.body) == ["1\n", "2\n"])
    }

    @Test func unterminatedHeredocIsAnError() {
        #expect(errors("FROM a\nRUN <<EOF\nx\n") == ["unterminated here-document `EOF`"])
    }

    @Test func copySourcesMixFilesAndHeredocs() {
        guard case .copy(let copy)? = instructions("COPY <<a x << b dir/\n1\na\n2\nb").first else {
            Issue.record("no COPY")
            return
        }
        let names = copy.sources.map { source in
            switch source {
            case .heredoc(let heredoc): "<" + heredoc.name
            case .path(let word): word.text
            }
        }
        #expect(names == ["<a", "x", "<b"])
        #expect(copy.destination.text == "dir/")
    }

    @Test func onlyAHeredocIsAScript() {
        guard case .run(let run)? = instructions("RUN --network=none <<EOF\n#!/bin/x\nEOF").first,
            case .script(let heredoc) = run.command
        else {
            Issue.record("no script")
            return
        }
        #expect(heredoc.content == "#!/bin/x\n")
    }

    @Test func commandWithHeredocsGoesToTheShellVerbatim() {
        guard case .run(let run)? = instructions("RUN cat <<-A | sh 3<<'B' > f\n\t$x\n\tA\ny\nB").first,
            case .shellWithHeredocs(let text, let heredocs) = run.command
        else {
            Issue.record("no shell command")
            return
        }
        #expect(text == "cat <<-A | sh 3<<'B' > f\n\t$x\nA\ny\nB")
        #expect(heredocs.map(\.fileDescriptor) == [nil, 3])
    }

    @Test(arguments: [
        ("$a\n", "1\n"), ("\\$a\n", "$a\n"), ("\\\\$a", "\\1"), ("a\\\nb", "a\nb"), ("'$a' \"$a\"", "'1' \"1\""),
        ("\\n", "n"), ("\\\n", "\n"), ("a\\", "a"), ("\\\"\\'", "\"'"), ("${b:-x\"y}", "x\"y"), ("$", "$"),
        ("a\\\r\nb", "a\r\nb"),
    ])
    func bodiesExpandVariablesAndLeaveQuotes(body: String, expanded: String) throws {
        #expect(try WordExpander.expandHeredoc(body, lookup: { $0 == "a" ? "1" : nil }).value == expanded)
    }
}
