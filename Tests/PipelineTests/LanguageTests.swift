import Pipeline
import Testing

@Suite struct LanguageTests {
    @Test(arguments: [
        ("main", "main", true), ("main", "mainly", false), ("*", "main", true), ("*", "a/b", false),
        ("release/*", "release/1", true), ("release/*", "release/1/2", false), ("**", "a/b/c", true),
        ("feature/**", "feature/a/b", true), ("src/**", "src", false), ("**/test.c", "test.c", true),
        ("**/test.c", "a/b/test.c", true), ("**/test.c", "a/btest.c", false), ("a/**/z", "a/z", true),
        ("a/**/z", "a/b/c/z", true), ("a/**/z", "abz", false), ("v?.0", "v1.0", true), ("v?.0", "v/.0", false),
        ("v[0-9]*", "v12", true), ("v[!0-9]*", "v12", false), ("[]a]", "]", true), ("\\*", "*", true),
        ("\\*", "x", false), ("*.c", "main.c", true), ("*a*b*c*", "xxaxxbxxcxx", true), ("ä?", "äö", true),
        ("x**", "x/y", true),
    ])
    func globMatches(pattern: String, name: String, expected: Bool) throws {
        #expect(try Glob(pattern).matches(name) == expected)
    }

    @Test(.timeLimit(.minutes(1))) func globNeverBacktracks() throws {
        let glob = try Glob(String(repeating: "*a", count: 40) + "b")
        #expect(!glob.matches(String(repeating: "a", count: 4000)))
    }

    @Test(arguments: ["", "[a", "[b-a]", "a\\"]) func brokenGlobIsRefused(pattern: String) {
        #expect(throws: PipelineError.self) { try Glob(pattern) }
    }

    @Test(arguments: [
        (["release/*", "!release/old-*"], "release/1", true),
        (["release/*", "!release/old-*"], "release/old-1", false),
        (["!release/old-*", "release/*"], "release/old-1", true), (["*", "!*", "main"], "main", true),
        (["*", "!*", "main"], "other", false), (["\\!odd"], "!odd", true),
    ])
    func laterPatternsOverrideEarlierOnes(patterns: [String], name: String, expected: Bool) throws {
        #expect(try PatternList(patterns).matches(name) == expected)
    }

    @Test func patternListOfNegationsIsRefused() {
        #expect(throws: PipelineError.self) { try PatternList(["!a"]) }
    }

    @Test(arguments: [
        ("refs/heads/main", "main"), ("refs/heads/feature/x", "feature/x"), ("refs/tags/v1.2", "v1.2"),
        ("refs/heads/-x", "-x"), ("refs/heads/$(x)", "$(x)"),
    ])
    func refNamesAreSplit(full: String, name: String) throws {
        let ref = try #require(RefName(full: full))
        #expect(ref.name == name && ref.full == full)
    }

    @Test(arguments: [
        "refs/pull/1/head", "refs/heads/", "refs/heads/a..b", "refs/heads/a b", "refs/heads/a\u{1B}", "HEAD",
        "refs/heads/.a", "refs/heads/a.lock", "refs/heads/a//b", "refs/heads/a/", "refs/heads/@{1}", "refs/heads/a~1",
        "refs/tags/a.", "refs/heads/" + String(repeating: "x", count: 2000),
    ])
    func malformedRefNamesAreRefused(full: String) {
        #expect(RefName(full: full) == nil)
    }

    @Test(arguments: [
        ("HTTPS://Git.Example.org/team/web.git", "https://git.example.org/team/web.git"),
        ("https://git.example.org:8443//team/web/", "https://git.example.org:8443/team/web"),
        ("ssh://git@git.example.org:2222/team/web.git", "ssh://git@git.example.org:2222/team/web.git"),
        ("file:///srv/git/app.git", "file:///srv/git/app.git"), ("http://127.0.0.1:9418/a", "http://127.0.0.1:9418/a"),
    ])
    func repositoryURLsAreNormalised(text: String, normal: String) throws {
        let url = try RepositoryURL(text)
        #expect(url.text == normal)
        #expect(try RepositoryURL(url.text) == url)
    }

    @Test(arguments: [
        "git@git.example.org:team/web.git", "ext::sh -c id", "https:///evil", "https://u:p@git.example.org/a",
        "https://token@git.example.org/a", "ssh://u:p@git.example.org/a", "https://git.example.org/a%0ab",
        "https://git.example.org/../a", "https://git.example.org", "https://git.example.org/a?b", "file://host/a",
        "https://git.example.org/a\\b", "fd::3", "/srv/git", "ssh://-oProxyCommand=x/a", "ssh://-u@host/a",
        "https://git.example.org/ä", "javascript://a/b", "",
    ])
    func unsafeRepositoryURLsAreRefused(text: String) {
        #expect(throws: PipelineError.self) { try RepositoryURL(text) }
    }

    @Test func credentialsInRepositoryURLAreNotRepeated() {
        let error = #expect(throws: PipelineError.self) { try RepositoryURL("https://bot:hunter2@git.example.org/a") }
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(arguments: [
        ("90s", 90), ("30m", 1800), ("12h", 43200), ("14d", 1_209_600), ("0s", nil), ("10", nil), ("1.5h", nil),
        ("-1s", nil), ("+1s", nil), ("", nil), ("s", nil), ("9223372036854775807d", nil), ("1 h", nil),
    ])
    func durations(text: String, seconds: Int64?) {
        #expect(Duration(configured: text) == seconds.map { .seconds($0) })
    }

    @Test(arguments: [
        ("64KiB", 65536), ("512MiB", 536_870_912), ("4GiB", 4_294_967_296), ("1TiB", 1_099_511_627_776),
        ("4GB", nil), ("4G", nil), ("4096", nil), ("0MiB", nil), ("-1MiB", nil), ("9999999999999TiB", nil),
    ])
    func sizes(text: String, bytes: Int64?) {
        #expect(ByteCount(configured: text)?.bytes == bytes)
        if bytes != nil { #expect(ByteCount(configured: text)?.description == text) }
    }
}
