import Bake
import OCI
import Testing

/// YAML by examples: the value of an argument of a compose file.
@Suite(.timeLimit(.minutes(1))) struct YAMLTests {
    private static func arguments(_ text: String) throws -> [String: String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.isEmpty ? "" : "        \($0)"
        }
        let file = "services:\n  app:\n    build:\n      args:\n" + lines.joined(separator: "\n") + "\n"
        let definition = try BakeDefinition(
            [BakeSource(name: "compose.yml", text: file)], environment: BakeEnvironment())
        return definition.targets["app"]?.map(.args) ?? [:]
    }

    @Test(arguments: [
        ("A: plain text # comment", "plain text"), ("A: 'it''s' # comment", "it's"),
        (#"A: "a\tb\u00e9\x41""#, "a\tbéA"),
        ("A: a#b", "a#b"), ("A: http://127.0.0.1:80/x", "http://127.0.0.1:80/x"),
        ("A: one\n  two\n\n  three", "one two\nthree"),
        ("A: \"one\n  two\\\n  three\"", "one twothree"),
        ("A: |\n  one\n    two\n\n  three\n\n", "one\n  two\n\nthree\n"),
        ("A: |-\n  one\n", "one"), ("A: |+\n  one\n\nB: x", "one\n\n"),
        ("A: >\n  one\n  two\n\n  three\n", "one two\nthree\n"),
        ("A: |2\n    one\n", "  one\n"), ("\"A\": x", "x"), ("A:\n  x", "x"), ("A: &a x\nB: *a", "x"),
        ("A: !!str 1.0", "1.0"),
        ("A: yes", "yes"), ("A: 0755", "0755"), ("A: '~'", "~"), ("A: ''", ""), ("A: -1", "-1"), ("A: ?x", "?x"),
    ])
    func scalarsHaveTheirText(_ text: String, _ value: String) throws {
        #expect(try Self.arguments(text)["A"] == value)
    }

    @Test(arguments: ["A:", "A: ~", "A: null", "A: # comment"]) func nullSetsNothing(_ text: String) throws {
        #expect(try Self.arguments(text)["A"] == nil)
    }

    @Test(arguments: [
        (
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\n"
                + "f: &f [*e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, *f, *f, *f, *f, *f, *f]\nh: [*g, *g, *g, *g, *g, *g, *g, *g]\n",
            "values"
        ),
        (String(repeating: "[", count: 100_000), "deep"), (String(repeating: "- ", count: 100_000), "deep"),
        (String(repeating: "{a: ", count: 100_000), "deep"),
        ((0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined(), "deep"),
        ((0..<30_000).map { "k\($0): 1\n" }.joined(), "values"), ("a: 'x", "unexpected end of stream"),
        ("a: b: c", "mapping values are not allowed"),
        ("a: [1, 2", "expected ',' or ']'"), ("a: 1\n---\nb: 2", "second document"), ("a: !reset null", "tag"),
        ("? [a]\n: b", "a key must be plain text"),
        ("- a", "no map"), ("a: \"\\q\"", "escape"), ("services: [1]", "map"),
        ("services: {a: {build: [1]}}", "path or a map"),
        ("services: {a: {build: {args: {x: \"" + String(repeating: "${A:-", count: 10_000) + "\"}}}}", "${"),
    ])
    func mistakesAndExcessesAreSaid(_ text: String, _ message: String) {
        let error = #expect(throws: BakeError.self) {
            try BakeDefinition([BakeSource(name: "compose.yml", text: text)], environment: BakeEnvironment())
        }
        let given = error?.description ?? ""
        #expect(given.contains(message), "\(given.prefix(1000))")
    }
}
