import Bake
import Testing

/// Files that would take for ever, or all memory, or the stack: each ends with an error that says what is too much.
@Suite(.timeLimit(.minutes(2))) struct BoundsTests {
    private static func message(of text: String, name: String = "docker-bake.hcl") -> String {
        var environment = BakeEnvironment()
        // A fifth of what there is ordinarily: enough for the rows that end well.
        environment.stepLimit = 100_000
        do {
            let definition = try BakeDefinition(
                [BakeSource(name: name, text: text + (name.hasSuffix("hcl") ? "\ntarget \"z\" {}\n" : ""))],
                environment: environment)
            _ = try BakeSelection(["*"], of: definition)
            return ""
        } catch { return "\(error)" }
    }

    private static func chain(_ count: Int, _ link: (Int) -> String) -> String {
        (1...count).map(link).joined(separator: "\n")
    }

    @Test(arguments: [
        ("x = " + String(repeating: "(", count: 50_000), "deep"),
        ("x = " + String(repeating: "[", count: 50_000), "deep"),
        ("x = " + String(repeating: "!", count: 50_000) + "true", "deep"),
        ("x = " + String(repeating: "-", count: 50_000) + "1", "deep"),
        ("x = 1" + String(repeating: " + 1", count: 50_000), "deep"),
        ("x = a" + String(repeating: ".b", count: 50_000), "deep"),
        ("x = " + String(repeating: "true ? 1 : ", count: 50_000) + "2", "deep"),
        ("x = " + String(repeating: "\"${", count: 50_000), "deep"),
        (
            "x = \"" + String(repeating: "%{ if true }", count: 20_000) + String(repeating: "%{ endif }", count: 20_000)
                + "\"", "deep"
        ),
        (String(repeating: "target \"a\" {\n", count: 50_000), "deep"),
        ("a0 = 1\n" + chain(20_000) { "a\($0) = a\($0 - 1)" } + "\nb = a20000", ""),
        ("b = a20000\na0 = [1]\n" + chain(20_000) { "a\($0) = [a\($0 - 1)]" }, "deep"),
        ("a0 = [1]\n" + chain(60) { "a\($0) = [a\($0 - 1), a\($0 - 1)]" }, "too many steps"),
        ("a0 = \"ab\"\n" + chain(60) { "a\($0) = \"${a\($0 - 1)}${a\($0 - 1)}\"" }, "too m"),
        ("a = [for x in range(1000) : [for y in range(1000) : [for z in range(1000) : 1]]]", "too many steps"),
        (
            "a = join(\"\", [for x in range(1000) : format(\"%1024s\", \"\")])\nb = [for x in range(1000) : upper(a)]",
            "too m"
        ),
        ("a = setproduct([for x in range(8) : range(1000)]...)", "too many steps"),
        ("a = range(0, 1e300)", "more than 1024"),
        ("function \"f\" {\n params = [n]\n result = f(n)\n}\na = f(1)", "is a cycle"),
        (
            "function \"f0\" {\n params = [n]\n result = [n, n]\n}\n"
                + chain(40) { "function \"f\($0)\" {\n params = [n]\n result = f\($0 - 1)(f\($0 - 1)(n))\n}" }
                + "\na = f40(1)",
            "too many steps"
        ),
        ("a = b\nb = a", "`a` → `b` → `a` is a cycle"),
        (
            "a = regexall(\"(a*)*(b|a+)*c\", join(\"\", [for x in range(1000) : format(\"%1024s\", \"a\")]))",
            "too many steps"
        ),
        ("a = can(regex(\"(a*)*$\", \"" + String(repeating: "a", count: 5000) + "b\"))", ""),
        ("a = regex(\"(?:(?:(?:){1000}){1000}){1000}\", \"\")", ""),
        ("a = regex(\"((a{1000}){1000}){1000}\", \"\")", "too large"),
        ("target \"t\" {\n name = \"n\"\n matrix = { a = range(1000), b = range(1000) }\n}", "combinations"),
        (
            "target \"a\" {\n args = { x = target.b.args.x }\n}\ntarget \"b\" {\n args = { x = target.a.args.x }\n}",
            "cycle"
        ),
        (
            "target \"a\" {\n inherits = [\"b\"]\n}\ntarget \"b\" {\n inherits = [\"a\"]\n}",
            "inherits itself: `a` → `b` → `a`"
        ),
        (
            "target \"a\" {\n contexts = { x = \"target:b\" }\n}\ntarget \"b\" {\n contexts = { x = \"target:a\" }\n}",
            "start from each other: `a` → `b` → `a`"
        ),
        ("group \"g\" {\n targets = [\"g\"]\n}", ""),
        (
            chain(5000) { "target \"a\($0)\" {\n inherits = [\"a\($0 + 1)\"]\n}" } + "\ntarget \"a5001\" {\n}",
            "more than 100 deep"
        ),
        (
            chain(40) { "target \"a\($0)\" {\n tags = [\"x\"]\n inherits = [\"a\($0 + 1)\", \"a\($0 + 1)\"]\n}" }
                + "\ntarget \"a41\" {\n annotations = [\"x\"]\n}", ""
        ),
        ("x = {" + chain(5000) { "k\($0) = 1" } + "}", "more than 4096 members"),
    ])
    func nothingTakesForEver(_ text: String, _ message: String) {
        let given = Self.message(of: text)
        #expect(message.isEmpty ? given.isEmpty : given.contains(message), "\(given.prefix(2000))")
    }

    @Test(arguments: [
        (String(repeating: "[", count: 50_000), "deep"), (String(repeating: "{\"a\":", count: 50_000), "deep"),
        (#"{"target": {"a": {"args": {"x": "${"# + String(repeating: "(", count: 50_000), "does not end"),
    ])
    func jsonIsBoundedToo(_ text: String, _ message: String) {
        let given = Self.message(of: text, name: "docker-bake.json")
        #expect(given.contains(message), "\(given.prefix(2000))")
    }
}
