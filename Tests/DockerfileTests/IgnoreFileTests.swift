import Dockerfile
import Testing

@Suite struct IgnoreFileTests {
    @Test(arguments: [
        ("*.log", "a.log", true), ("*.log", "d/a.log", false), ("**/*.log", "a.log", true),
        ("**/*.log", "d/e/a.log", true),
        ("dir", "dir", true), ("dir", "dir/a/b", true), ("dir", "dirt", false), ("dir/", "dir/a", true),
        ("/dir", "dir/a", true),
        ("./a//b/../c", "a/c", true), ("dir/**", "dir", false), ("dir/**", "dir/a/b", true), ("**", "a/b", true),
        ("*", "a/b", true),
        ("*/b", "a/b/c", true), ("a/*/c", "a/b/c", true), ("a/*/c", "a/b/b/c", false), ("a/**/c", "a/c", true),
        ("a/**/c", "a/b/b/c/d", true), ("a?c", "abc", true), ("a?c", "a/c", false), ("a?c", "aéc", true),
        ("[a-c]x", "bx", true),
        ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("\\*", "*", true), ("\\*", "a", false),
        ("a[[]0]", "a[0]", true),
        ("#x", "#x", false), (" #x", "#x", true), ("  a  ", "a", true), ("**/a**b", "x/a/y/b", true),
        ("..", "a", false),
        ("a*b*c", "abxbc", true), ("**/x/**/y", "x/1/x/2/y", true), ("\u{FEFF}a", "a", true), ("a\r\nb\r\n", "b", true),
        (".", "a", false),
        // Two stars before a name take part of it, and only before one without other signs.
        ("**.log", "a.log", true), ("**.log", "d/e/a.log", true), ("**.log", "d/a.log/x", true),
        ("**.log", "a.logs", false), ("**.log", "a.logs/x", false), ("**foo", "foo", true), ("**foo", "d/xfoo", true),
        ("**.l?g", "a.log", false), ("**.l?g", "d/.log", true),
    ])
    func patternsExcludePathsAndWhatIsBelow(patterns: String, path: String, isExcluded: Bool) {
        let file = IgnoreFile(patterns)
        #expect(file.diagnostics.isEmpty)
        #expect(file.excludes(path) == isExcluded)
        // A pattern that does not recurse decides the same for every byte view of the path.
        #expect(file.excludes(Array("./\(path)".utf8)[2...]) == isExcluded)
    }

    @Test func lastMatchingRuleWinsAndIsNamed() {
        let file = IgnoreFile("# all\n*\n!src\n\nsrc/*.o\n! src/keep.o\n")
        #expect(file.decision(for: "README").rule?.line == 2)
        #expect(!file.excludes("src/a.c"))
        let object = file.decision(for: "src/a.o")
        #expect(object.isExcluded && object.rule?.line == 5 && object.rule?.text == "src/*.o")
        let kept = file.decision(for: "src/keep.o")
        #expect(!kept.isExcluded && kept.rule?.isException == true)
    }

    @Test func exceptionsBelowExcludedDirectoriesAreReached() {
        let file = IgnoreFile("**\n!a/b/c")
        #expect(file.excludes("a"))
        #expect(!file.canSkip(directory: "a"))
        #expect(!file.canSkip(directory: "a/b"))
        #expect(file.canSkip(directory: "b"))
        #expect(file.canSkip(directory: "a/x"))
        #expect(!file.excludes("a/b/c") && !file.excludes("a/b/c/d"))
        #expect(file.excludes("a/b/d"))
    }

    @Test func rulesMayAlternateAtEveryLevel() {
        let file = IgnoreFile("a\n!a/b\na/b/c\n!a/b/c/d\na/b/c/d/e")
        let decisions = [
            "a", "a/x", "a/b", "a/b/x", "a/b/c", "a/b/c/x", "a/b/c/d", "a/b/c/d/x", "a/b/c/d/e", "a/b/c/d/e/x",
        ]
        .map { file.excludes($0) }
        #expect(decisions == [true, true, false, false, true, true, false, false, true, true])
        #expect(!file.canSkip(directory: "a"))
        #expect(file.canSkip(directory: "a/b/c/d/e"))
    }

    @Test func directoryWithoutLaterExceptionIsSkipped() {
        let file = IgnoreFile("!keep\nnode_modules\n*.tmp\n!other/*.txt")
        #expect(file.canSkip(directory: "node_modules"))
        #expect(!file.canSkip(directory: "src"))
        #expect(file.canSkip(directory: "x.tmp"))
    }

    @Test func exceptionWithDoubleStarKeepsEveryDirectoryOpen() {
        let file = IgnoreFile("*\n!**/*.go")
        #expect(!file.canSkip(directory: "a"))
        #expect(!file.excludes("a/b/c.go"))
        #expect(file.excludes("a/b/c.c"))
        let ending = IgnoreFile("*\n!**.go")
        #expect(!ending.canSkip(directory: "a") && !ending.excludes("a/b/c.go") && ending.excludes("a/b/c.c"))
    }

    @Test(arguments: ["!", "a\n!  ", "[", "a[b-", "x\\"])
    func malformedRulesAreErrorsWithTheirLine(text: String) {
        let found = IgnoreFile(text).diagnostics
        #expect(found.count == 1)
        #expect(found[0].range?.firstLine == text.split(separator: "\n").count)
    }

    @Test func longFilesDecideAsShortOnesDo() {
        let rules = [
            "a", "!a/b", "**/c", "*.log", "!**/keep", "x/y/z", "**/d/e", "!a/b/c", "**.tmp", "a/\\*", "!x/y/z/keep.log",
            "f**g", "**/c", "!c/keep",
        ]
        let short = IgnoreFile(patterns: rules)
        let long = IgnoreFile(patterns: (0..<100).map { "none\($0)" } + rules + ["none", "**/none"])
        let names = ["a", "b", "c", "d", "e", "x", "y", "z", "*", "keep", "k.log", "keep.log", "1.tmp", "fg", "f"]
        for first in names {
            for second in names + [""] {
                for third in names + [""] {
                    let path = [first, second, third].filter { !$0.isEmpty }.joined(separator: "/")
                    let expected = short.decision(for: path)
                    let found = long.decision(for: path)
                    #expect(found.isExcluded == expected.isExcluded && found.rule?.text == expected.rule?.text)
                }
            }
        }
    }

    @Test func patternsFromFlagsKnowNoComments() {
        #expect(IgnoreFile(patterns: ["#a", "!b"]).excludes("#a"))
    }

    @Test func starryPatternsStayFast() {
        let file = IgnoreFile(
            String(repeating: "a*", count: 2_000) + "b\n" + String(repeating: "**/", count: 500) + "x\n**/*a/*a/*a/*b")
        let path = Array((String(repeating: "a", count: 200) + "/").utf8)
        let long = Array(repeating: path, count: 20).flatMap { $0 } + [UInt8(ascii: "a")]
        for _ in 0..<20 { #expect(!file.excludes(long[...])) }
    }

    @Test(arguments: [
        ("*.go", "a.go", true), ("*.go", "d/a.go", false), ("arr[[]0].txt", "arr[0].txt", true), ("a**", "ab", true),
        ("a/**/b", "a/x/b", true), ("a/**/b", "a/x/y/b", false), ("\\[x", "[x", true), ("test-%C3%A4", "test-ä", false),
        ("ä?", "äö", true),
    ])
    func sourcePatternsMatchWholePaths(pattern: String, path: String, matches: Bool) throws {
        #expect(try #require(GlobPattern(pattern)).matches(path) == matches)
    }

    @Test func literalPatternsAreKnown() {
        #expect(GlobPattern("a\\*/b")?.literalPath == "a*/b")
        #expect(GlobPattern("a*")?.literalPath == nil)
        #expect(GlobPattern("a[")?.isLiteral == nil)
    }
}
