import Dockerfile
import Testing

@Suite struct ExpansionTests {
    private static let values = [
        "a": "1", "empty": "", "path": "/usr/lib/x.tar.gz", "two": "x y", "dots": "a.b.c", "stars": "a*b?c",
        "9": "nine",
        "é": "accent",
    ]
    private let lookup: (String) -> String? = { ExpansionTests.values[$0] }

    @Test(arguments: [
        // Names
        ("$a", "1"), ("${a}", "1"), ("$a.x", "1.x"), ("$ab", ""), ("${a}b", "1b"), ("$9x", "ninex"), ("$.", "$."),
        ("$", "$"),
        ("a$", "a$"), ("$-", ""), ("$é", "accent"), ("$a$a", "11"), ("$none", ""),
        // Quotes and escapes
        ("a\\ b", "a b"), ("\"c d\"", "c d"), ("'e $a'", "e $a"), ("\"a\\\"b\"", "a\"b"),
        ("\"\\$a\\\\\\x\"", "$a\\\\x"),
        ("\\$a", "$a"), ("'a\\b'", "a\\b"), ("a\"b\"'c'", "abc"), ("\"\"", ""), ("a\\", "a"), ("\"$a\"", "1"),
        ("\"'$a'\"", "'1'"),
        ("foo%sbar", "foo%sbar"), ("%d $two", "%d x y"),
        // Conditions
        ("${none:-w}", "w"), ("${empty:-w}", "w"), ("${a:-w}", "1"), ("${none-w}", "w"), ("${empty-w}", ""),
        ("${none:+w}", ""), ("${empty:+w}", ""), ("${a:+w}", "w"), ("${empty+w}", "w"), ("${none+w}", ""),
        ("${a:?no}", "1"), ("${empty?no}", ""), ("${none:-${empty:-${a}}}", "1"), ("${none:-\"x y\"}", "x y"),
        ("${none:-'}'}", "}"), ("${none:-a\\}b}", "a}b"), ("${a:-${none:?no}}", "1"), ("${none:-}", ""),
        ("${none-$a-$two}", "1-x y"),
        // Prefix and suffix
        ("${path#*/}", "usr/lib/x.tar.gz"), ("${path##*/}", "x.tar.gz"), ("${path%.*}", "/usr/lib/x.tar"),
        ("${path%%.*}", "/usr/lib/x"), ("${path#nope}", "/usr/lib/x.tar.gz"), ("${path#/usr?lib}", "/x.tar.gz"),
        ("${path#?}", "usr/lib/x.tar.gz"), ("${stars#a\\*}", "b?c"), ("${stars%\\?c}", "a*b"), ("${path##*}", ""),
        ("${path#*}", "/usr/lib/x.tar.gz"),
        ("${path#$none}", "/usr/lib/x.tar.gz"), ("${dots%${none:-.c}}", "a.b"), ("${path##*/*/}", "x.tar.gz"),
        ("${none#x}", ""),
        // Replacement
        ("${dots/./-}", "a-b.c"), ("${dots//./-}", "a-b-c"), ("${path/\\/usr/}", "/lib/x.tar.gz"),
        ("${path//\\//:}", ":usr:lib:x.tar.gz"),
        ("${path/l*t/T}", "/usr/Tar.gz"), ("${dots//[a]/x}", "a.b.c"), ("${dots//?/x}", "xxxxx"),
        ("${dots/b/\\}}", "a.}.c"),
        ("${dots/b/$a}", "a.1.c"), ("${none/a/b}", ""), ("${dots//x/y}", "a.b.c"), ("${dots/a*b/}", ".c"),
        ("${dots//a*/}", ""),
    ])
    func wordsExpand(word: String, value: String) throws {
        #expect(try WordExpander().expand(word, lookup: lookup) == value)
    }

    @Test(arguments: [
        ("'a\\'b'", "the single quote is not closed", 5), ("\"a", "the double quote is not closed", 0),
        ("${a", "missing `}`", 3),
        ("${", "missing `}`", 2), ("${}", "bad substitution", 0), ("${:x}", "bad substitution", 0),
        ("${{a}}", "bad substitution", 0),
        ("x${.}", "bad substitution", 1), ("${a:#x}", "unsupported modifier `:#`", 3),
        ("${a^}", "unsupported modifier `^`", 3),
        ("${none:?}", "none: is not allowed to be unset", 0), ("${empty:?}", "empty: is not allowed to be empty", 0),
        ("x ${none?say $a}", "none: say 1", 2), ("${a:-x", "missing `}`", 6),
        ("${a#\\x}", "invalid escape in the pattern `\\x`", 4),
        ("${a/b}", "missing `/`", 6), ("${none:-'}", "the single quote is not closed", 8),
    ])
    func brokenWordsAreExplained(word: String, message: String, offset: Int) {
        let error = #expect(throws: ExpansionError.self) { try WordExpander().expand(word, lookup: lookup) }
        #expect(error?.message == message)
        #expect(error?.offset == offset)
    }

    @Test(arguments: [
        ("$two", ["x", "y"]), ("\"$two\"", ["x y"]), ("a$two", ["ax", "y"]), ("$empty", []), (" a  b ", ["a", "b"]),
        ("a\\ b", ["a b"]), ("${none:-1 2}", ["1", "2"]), ("\"\"", []), ("x\"$two\"z", ["xx yz"]),
    ])
    func unquotedBlanksMakeWords(word: String, words: [String]) throws {
        #expect(try WordExpander().expandToWords(word, lookup: lookup) == words)
    }

    @Test func escapeCharacterFollowsTheDirective() throws {
        let expander = WordExpander(escape: UInt8(ascii: "`"))
        #expect(try expander.expand("C:\\x` y`$a", lookup: lookup) == "C:\\x y$a")
    }

    @Test func usedAndUnsetVariablesAreReported() throws {
        let expansion = try WordExpander().expansion(
            "$a ${none} ${maybe:-x} ${a:+$two} ${a:-$skipped} '$quoted'", lookup: lookup)
        #expect(expansion.used == ["a", "none", "maybe", "two"])
        #expect(expansion.unset == ["none"])
    }

    @Test func nestingHasALimit() {
        let deep = String(repeating: "${x:-", count: 20_000) + String(repeating: "}", count: 20_000)
        let error = #expect(throws: ExpansionError.self) { try WordExpander().expand(deep, lookup: { _ in nil }) }
        #expect(error?.message == "variables are nested more than 100 deep")
        let allowed = String(repeating: "${x:-", count: 99) + "v" + String(repeating: "}", count: 99)
        #expect(throws: Never.self) { try WordExpander().expand(allowed, lookup: { _ in nil }) }
    }

    @Test func resultsHaveALimit() {
        let big = String(repeating: "x", count: 600_000)
        let error = #expect(throws: ExpansionError.self) { try WordExpander().expand("$b$b", lookup: { _ in big }) }
        #expect(error?.message == "the expansion is longer than 1048576 bytes")
        let replaced = #expect(throws: ExpansionError.self) {
            try WordExpander().expand("${b//x/yyyy}", lookup: { _ in big })
        }
        #expect(replaced?.message == "the expansion is longer than 1048576 bytes")
    }

    @Test func starsDoNotMakePatternsSlow() throws {
        let text = String(repeating: "a", count: 20_000)
        let pattern = String(repeating: "a*", count: 50) + "b"
        #expect(try WordExpander().expand("${v//\(pattern)/x}", lookup: { _ in text }) == text)
        #expect(try WordExpander().expand("${v##\(pattern)}", lookup: { _ in text }) == text)
    }
}
