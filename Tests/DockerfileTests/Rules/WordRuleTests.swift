import Dockerfile
import Testing

/// Rules about words that other builders got wrong: quotes, escapes, here-documents.
@Suite struct WordRuleTests {
    @Test func escapedQuoteInDoubleQuotesIsTextAndInSingleQuotesAMistake() throws {
        #expect(try environment(#"ENV k="a\"b""#)["k"] == #"a"b"#)
        #expect(errors("FROM a\n" + #"ENV k='a\'b'"#) == ["the single quote is not closed"])
    }

    @Test(arguments: ["ENV myenv foo%sbar", "ENV myenv=foo%sbar", "ENV myenv='foo%sbar'"])
    func percentSignsAreText(text: String) throws {
        #expect(try environment(text)["myenv"] == "foo%sbar")
    }

    @Test func quotesAroundANameAreRemoved() throws {
        #expect(try environment(#"ENV "k 1"=v 'k'2=w"#).image.assignments == ["k 1=v", "k2=w"])
        guard case .label(let labels)? = instructions(#"LABEL "a b"=c"#).first else { throw NoInstruction() }
        #expect(try environment("").expandedPairs(labels).map(\.assignment) == ["a b=c"])
    }

    @Test func backtickEscapeKeepsBackslashesInWordsAndAtLineEnds() throws {
        let text = "# escape=`\nFROM scratch\nWORKDIR C:\\\nENV a=`\nb p=C:\\new"
        guard case .workdir(let directory) = stages(text).stages[0].instructions[0].instruction else {
            throw NoInstruction()
        }
        let file = stages(text)
        #expect(try file.expander.expand(directory.text, lookup: { _ in nil }) == "C:\\")
        #expect(try environments(text)[0].image.assignments == ["a=b", "p=C:\\new"])
    }

    @Test func escapesInHeredocsAreBackslashesWhateverTheDirectiveSays() throws {
        let text = "# escape=`\nFROM scratch\nCOPY <<E\\OF /a\n`$x\nEOF\nCOPY <<F /b\n\\$x `$x\nF"
        let bodies = stages(text).stages[0].instructions.flatMap(\.node.heredocs)
        #expect(bodies.map(\.name) == ["EOF", "F"] && bodies.map(\.expands) == [false, true])
        #expect(try WordExpander.expandHeredoc(bodies[1].body, lookup: { _ in "1" }).value == "$x `1\n")
    }

    @Test(arguments: [("<<EOF", "1\n"), ("<<'EOF'", "$x\n"), ("<<\"EOF\"", "$x\n"), ("<<E'O'F", "$x\n")])
    func copiedHeredocIsExpandedUnlessItsNameIsQuoted(token: String, content: String) throws {
        guard case .copy(let copy)? = instructions("COPY \(token) f\n$x\nEOF").first,
            case .heredoc(let heredoc)? = copy.sources.first
        else { throw NoInstruction() }
        let found =
            heredoc.expands
            ? try WordExpander.expandHeredoc(heredoc.content, lookup: { _ in "1" }).value : heredoc.content
        #expect(found == content)
    }

    @Test(arguments: [
        ("RUN <<EOF\necho\nEOF", true), ("RUN <<EOF cat\necho\nEOF", false), ("RUN cat <<EOF > f\nx\nEOF", false),
        ("RUN <<A <<B\nx\nA\ny\nB", false), ("RUN 3<<EOF\nx\nEOF", false), ("RUN 0<<EOF\nx\nEOF", true),
    ])
    func onlyALoneHeredocIsTheScriptItself(text: String, isScript: Bool) throws {
        guard case .run(let run)? = instructions(text).first else { throw NoInstruction() }
        if case .script = run.command { #expect(isScript) } else { #expect(!isScript) }
    }

    @Test func heredocsOfTriggersAreStoredAndReadAgain() throws {
        let text = "ONBUILD COPY <<-'a' <<b /d/\n\tx\n\ta\ny\nb"
        guard case .onbuild(let onbuild)? = instructions(text).first else { throw NoInstruction() }
        #expect(onbuild.text == "COPY <<-'a' <<b /d/\n\tx\na\ny\nb")
        guard case .copy(let copy)? = try OnbuildTriggers([onbuild.text]).instructions.first?.instruction else {
            throw NoInstruction()
        }
        #expect(copy.sources.count == 2)
    }

    @Test(arguments: ["${x^}", "${x,,}", "${x:1}", "${x:=a}", "${x@Q}", "${x*}", "${#x}", "${!x}"])
    func substitutionsOnlyAShellKnowsAreMistakes(word: String) {
        #expect(throws: ExpansionError.self) { try WordExpander().expand(word, lookup: { _ in "v" }) }
    }

    @Test(arguments: [
        ("$1x", "onex"), ("$@", "at"), ("$*", "star"), ("$?a", "questiona"), ("$!", "bang"), ("$0", "zero"),
    ])
    func specialParametersHaveOneCharacter(word: String, value: String) throws {
        let values = ["1": "one", "@": "at", "*": "star", "?": "question", "!": "bang", "0": "zero"]
        #expect(try WordExpander().expand(word, lookup: { values[$0] }) == value)
    }
}

/// The text did not read as the instruction the test is about.
struct NoInstruction: Error {}
