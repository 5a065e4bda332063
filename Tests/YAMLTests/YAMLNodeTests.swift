import Testing
import YAML

struct YAMLNodeTests {
    /// A short form of what was read: `[a "b" {k: v}]`, tags before their node.
    private static func shape(_ node: YAMLNode?) -> String {
        guard let node else { return "nothing" }
        let tag = node.tag.isEmpty ? "" : "<\(node.tag)> "
        switch node.content {
        case .scalar(let scalar):
            return tag
                + (scalar.style == .plain
                    ? scalar.text : scalar.style == .quoted ? "\"\(scalar.text)\"" : "|\(scalar.text)")
        case .sequence(let nodes): return tag + "[\(nodes.map(shape).joined(separator: " "))]"
        case .mapping(let entries):
            return tag + "{\(entries.map { "\($0.name): \(shape($0.value))" }.joined(separator: ", "))}"
        }
    }

    @Test(arguments: [
        ("", "nothing"), ("# only a comment\n", "nothing"), ("---\n...\n", ""), ("a", "a"), ("'a'", "\"a\""),
        ("a: 1\nb: [x, 'y', {z: }]\n", "{a: 1, b: [x \"y\" {z: }]}"),
        ("{\"a\": [1, \"\\u00e9\\/\"],\n\t\"b\": null}", "{a: [1 \"é/\"], b: null}"),
        ("{\"a\": \"\\ud83d\\ude00 \\\\ud83d \\u0041\"}", "{a: \"😀 \\ud83d A\"}"),
        ("- '\\ud83d\\ude00'", "[\"\\ud83d\\ude00\"]"),
        ("- |\n  one\n  two\n- >-\n  one\n  two\n", "[|one\ntwo\n |one two]"),
        ("a: &x {k: v}\nb: *x\n", "{a: {k: v}, b: {k: v}}"),
        ("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}"),
        ("<<: {a: 1}\n<<: {b: 2}\n", "{<<: {a: 1}, <<: {b: 2}}"),
        ("!!str 1", "<tag:yaml.org,2002:str> 1"), ("!own [a]", "<!own> [a]"),
        ("\u{FEFF}a: é\n", "{a: é}"),
    ])
    func documentIsItsNodes(text: String, expected: String) throws {
        #expect(Self.shape(try YAMLNode.parse(text.utf8)) == expected)
    }

    @Test func placesAreThoseOfTheText() throws {
        let root = try #require(try YAMLNode.parse("# é\nkey:\n  - é: &x value\n  - *x\n".utf8))
        guard case .mapping(let entries) = root.content, case .sequence(let items) = entries[0].value.content,
            case .mapping(let inner) = items[0].content
        else {
            Issue.record("unexpected \(root)")
            return
        }
        #expect(entries[0].place == YAMLPlace(line: 2, column: 1))
        #expect(items[0].place == YAMLPlace(line: 3, column: 5))
        #expect(inner[0].value.place == YAMLPlace(line: 3, column: 8))
        // An alias is where its anchor is.
        #expect(items[1].place == inner[0].value.place)
    }

    @Test(arguments: [
        ("a: [1", "did not find expected ',' or ']' (while parsing a flow sequence in line 1)", 1, 4),
        (
            "a:\n\tb: 1", "tab in the indentation",
            2, 1
        ),
        ("a: 1\nb: 2\na: 3", "key `a` is given more than once", 1, 1),
        ("a\n---\nb", "a second document begins here", 2, 1),
        ("kind: {", "did not find expected node content (while parsing a flow node in line 1)", 1, 8),
        ("a: *b", "there is no anchor `b`", 1, 4), ("a: &b [*b]", "there is no anchor `b`", 1, 8),
        ("? [a]\n: 1", "a key must be plain text", 1, 3),
        ("a: \u{7}", "control characters are not allowed (U+7)", 1, 4),
    ])
    func faultHasAPlace(text: String, message: String, line: Int, column: Int) {
        do throws(YAMLError) {
            let node = try YAMLNode.parse(text.utf8)
            Issue.record("read as \(Self.shape(node))")
        } catch {
            #expect(error.description == message)
            #expect(error.place == YAMLPlace(line: line, column: column))
        }
    }

    @Test func bytesThatAreNoTextAreRefused() {
        #expect(throws: YAMLError.self) { try YAMLNode.parse([0x61, 0x3A, 0x20, 0xFF]) }
        #expect(throws: YAMLError.self) { try YAMLNode.parse([0xFE, 0xFF, 0, 0x61]) }
    }

    @Test(arguments: [
        (String(repeating: "[", count: 40), YAMLError.Problem.tooDeep(limit: 32)),
        (String(repeating: "- ", count: 40) + "a", .tooDeep(limit: 32)),
        ("[" + String(repeating: "a,", count: 10_000) + "]", .tooManyNodes(limit: 10_000)),
        ("a: &a 1\nb: [" + String(repeating: "*a,", count: 101) + "]", .tooManyAliases(limit: 100)),
        (
            "a: &a [" + String(repeating: "x,", count: 1000) + "]\nb: [" + String(repeating: "*a,", count: 20) + "]",
            .tooManyNodes(limit: 10_000)
        ),
    ])
    func documentAsksForNoMoreThanItMay(text: String, problem: YAMLError.Problem) {
        do throws(YAMLError) {
            _ = try YAMLNode.parse(text.utf8)
            Issue.record("read")
        } catch { #expect(error.problem == problem) }
    }
}
