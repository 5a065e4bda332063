import Build
import Engine
import Git
import Testing

@Suite struct GitAddressTests {
    private static let commit = "0123456789abcdef0123456789abcdef01234567"

    private func address(_ text: String) throws -> GitAddress {
        try GitAddress(parsing: text, allowing: [.https, .http, .ssh, .git])
    }

    private func failure(_ text: String) -> String {
        do {
            _ = try address(text)
            return "no error"
        } catch { return "\(error)" }
    }

    @Test(arguments: [
        ("https://example.org/x.git", GitAddress.Ref.head, ""),
        ("https://example.org/x.git#main", .name("main"), ""),
        ("https://example.org/x.git#main:a/b", .name("main"), "a/b"),
        ("https://example.org/x.git#:a", .head, "a"),
        ("https://example.org/x.git#refs/heads/f/x", .full(try! RefName("refs/heads/f/x")), ""),
        ("https://example.org/x.git#\(commit):d", .commit(CommitID(commit)!), "d"),
        ("https://example.org/x.git?branch=f%2Fx&subdir=d", .branch("f/x"), "d"),
        ("https://example.org/x.git?tag=v1", .tag("v1"), ""),
        ("https://example.org/x.git?ref=v1#:d", .name("v1"), "d"),
        ("https://example.org/x.git?commit=\(commit)", .commit(CommitID(commit)!), ""),
        ("https://example.org/x.git?ref=main#main", .name("main"), ""),
        ("https://example.org/x.git?mtime=commit&fetch-by-commit=1", .head, ""),
        ("git@example.org:team/x.git#main:d", .name("main"), "d"),
        ("ssh://git@example.org:2222/x#v1", .name("v1"), ""),
        ("git://example.org/x", .head, ""), ("github.com/owner/x", .head, ""),
        ("github.com/owner/x.git#v1:d", .name("v1"), "d"), ("github.com/owner/x?branch=b", .branch("b"), ""),
    ])
    func fragmentsAndQueriesSayWhatIsWanted(_ text: String, _ ref: GitAddress.Ref, _ subdirectory: String) throws {
        let address = try address(text)
        #expect(address.ref == ref)
        #expect(address.subdirectory == subdirectory)
        #expect(!address.hasSubmodules && address.keepsGitDirectory == nil)
    }

    @Test func aForgesNameStandsForItsURL() throws {
        #expect(try address("github.com/owner/x#v1:d").description == "https://github.com/owner/x#v1:d")
        #expect(GitAddress.isAddress("github.com/owner/x") && GitAddress.isShort("github.com/owner/x"))
        for other in ["github.com", "github.company/x", "./github.com/owner/x", "gitlab.example.org/owner/x"] {
            #expect(!GitAddress.isAddress(other))
        }
    }

    @Test func switchesAreOnBareOrWithAOne() throws {
        let on = try address("https://example.org/x.git?submodules&keep-git-dir=1")
        #expect(on.hasSubmodules && on.keepsGitDirectory == true)
        let off = try address("https://example.org/x.git?submodules=0&keep-git-dir=false")
        #expect(!off.hasSubmodules && off.keepsGitDirectory == false)
    }

    /// Rule 117 of the reference, and what else cannot be meant.
    @Test(arguments: [
        ("#a?", "names the ref `a?`"), ("?ref=a#b", "`ref` in its fragment and in its query: `b` and `a`"),
        ("?subdir=a#:b", "`subdir` in its fragment and in its query"), ("?tag=a&branch=b", "names a tag and a branch"),
        ("?tag=a#b", "names a ref and a tag"), ("?ref=a&branch=b", "names a ref and a branch"),
        ("?ref=a&ref=b", "says `ref` twice"), ("?ref=", "says `ref` without a value"),
        ("?branche=a", "unknown query `branche`"), ("?submodules=maybe", "says `submodules=maybe`"),
        ("?mtime=now", "wants the times `now`"), ("?ref=%zz", "malformed query"), ("#%0a", "malformed fragment"),
        ("?subdir=../x", "leads out of the repository"), ("#:a/../../b", "leads out of the repository"),
        ("#a..b", "no name that git allows"), ("?commit=12", "not the beginning of a commit's id"),
        ("?commit=1234567&checksum=2345678", "says `commit` twice"),
    ])
    func wishesThatContradictOrMeanNothingAreErrors(_ rest: String, _ expected: String) {
        let message = failure("https://example.org/x.git" + rest)
        #expect(message.contains(expected), "\(message)")
    }

    @Test(arguments: ["file:///x.git", "ext::sh -c id", "/x.git", "https://u:hush@example.org:x/x.git"])
    func otherPlacesAreRefusedWithoutShowingPasswords(_ text: String) {
        #expect(failure(text) != "no error" && !failure(text).contains("hush"), "\(failure(text))")
    }

    @Test func theLongestChecksumCountsAndContradictionsAreErrors() throws {
        var address = try address("https://example.org/x.git?checksum=0123456#main")
        #expect(address.checksum == "0123456" && address.ref == .name("main"))
        try address.require(Self.commit)
        #expect(address.checksum == Self.commit && address.ref == .name("main"))
        #expect(throws: RemoteSourceError.self) { try address.require("0123457") }
    }
}
