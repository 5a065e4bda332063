import Git
import HTTP
import Testing

struct GitURLTests {
    @Test(arguments: [
        ("https://example.org/team/app.git", "https://example.org/team/app.git"),
        ("HTTPS://Example.ORG:443/team/app.git/", "https://example.org/team/app.git"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("ssh://git@example.org/team/app", "ssh://git@example.org/team/app"),
        ("git+ssh://git@example.org:2222/a", "ssh://git@example.org:2222/a"),
        ("git@example.org:team/app.git", "git@example.org:team/app.git"),
        ("example.org:app", "example.org:app"),
        ("file:///srv/git/app", "file:///srv/git/app"),
        ("git://example.org/app", "git://example.org/app"),
    ])
    func wellFormedURLsAreNormalised(text: String, normal: String) throws {
        #expect(try anyURL(text).description == normal)
        #expect(try anyURL(normal).identity() == anyURL(text).identity())
    }

    @Test(arguments: [
        "", "-oProxyCommand=x", "--upload-pack=touch", "ext::sh -c id", "ext::sh", "fd::17",
        "ext::https://example.org/a",
        "/srv/git/app", "./app", "../app", "app", "https://", "https:///app", "https://example.org",
        "https://example.org/",
        "ssh://-oProxyCommand=id/app", "ssh://example.org/-app", "-x@example.org:app", "git@-example.org:app",
        "ssh://-l@example.org/app", "https://example.org/a b", "https://example.org/a\nb", "https://example.org/a%0ab",
        "https://example.org/a%00", "https://example.org\\@evil.example/a", "https://example.org/../etc",
        "https://example.org/a/%2e%2e/b", "https://example.org/a?b", "https://example.org/a#b",
        "https://example.org:0/a",
        "https://example.org:99999/a", "https://example.org:x/a", "https://exam ple.org/a",
        "https://b\u{FC}cher.example/a",
        "ftp://example.org/a", "javascript://example.org/a", "file://host/a", "ssh://example.org/a;id",
        "git@example.org:$(id)",
        "git@example.org:a'b", "https://example.org/a%zz", "https://[::1/a", "https://example.org/\u{1B}[31m",
    ])
    func dangerousAndMalformedURLsAreRefused(text: String) {
        #expect { try anyURL(text) } throws: { ($0 as? GitError)?.code == .invalidURL }
    }

    @Test(arguments: ["http://example.org/a", "git://example.org/a", "file:///a"])
    func onlyEncryptedTransportsAreAllowedByDefault(text: String) {
        #expect { try GitURL.parse(text) } throws: { error in
            (error as? GitError)?.message.contains("allowed here: https, ssh") == true
        }
    }

    @Test func passwordsAreNeverShown() throws {
        let url = try GitURL.parse("https://ada:s3cret@example.org/a")
        var dumped = ""
        dump(url, to: &dumped)
        for text in [
            url.description, "\(url)", String(reflecting: url), dumped, url.origin, "\(url.credentials as Any)",
        ] {
            #expect(!text.contains("s3cret"))
        }
        #expect(url.credentials == .password(user: "ada", Secret("s3cret")))
        #expect(try url.identity() == GitURL.parse("https://example.org/a").identity())
        #expect(url.identity(scope: "team") != url.identity())
    }

    @Test(arguments: [
        "https://ada:s3cret@exam!ple.org/a", "foo://ada:s3cret@example.org/a", "https://ada:s3cret@example.org/a b",
    ])
    func passwordsAreNotShownInErrorsEither(text: String) {
        #expect { try GitURL.parse(text) } throws: { !"\($0)".contains("s3cret") }
    }

    @Test(arguments: [
        "refs/heads/main", "refs/heads/feature/x", "refs/tags/v1.0", "HEAD", "refs/heads/\u{E4}", "refs/heads/-x",
        "refs/heads/$(x)",
    ])
    func refNamesThatGitAllowsAreTaken(text: String) throws {
        #expect(try RefName(text).text == text)
    }

    @Test(arguments: [
        "", "main", "refs/", "refs/heads/", "refs/heads//a", "refs/heads/../../x", "refs/heads/.a", "refs/heads/a.lock",
        "refs/heads/a.lock/b",
        "refs/heads/a..b", "refs/heads/a.", "refs/heads/a b", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b",
        "refs/heads/a\\b",
        "refs/heads/a?", "refs/heads/a*", "refs/heads/a[", "refs/heads/a@{1}", "refs/heads/a\nb", "refs/heads/\u{7F}",
        "refs/heads/a/",
    ])
    func refNamesThatGitRefusesAreRefused(text: String) {
        #expect(throws: GitError.self) { try RefName(text) }
    }

    @Test func overlongRefNamesAreRefused() {
        #expect(throws: GitError.self) { try RefName("refs/heads/" + String(repeating: "a", count: 65536)) }
    }

    @Test func commitIDsAreLowerCaseHexadecimal() {
        let hex = "0123456789abcdef0123456789abcdef01234567"
        #expect(CommitID(hex)?.hex == hex)
        #expect(CommitID(hex + hex.prefix(24))?.object.byteCount == 32)
        for text in ["", String(hex.dropLast()), hex + "0", hex.uppercased(), "g" + hex.dropFirst()] {
            #expect(CommitID(text) == nil)
        }
    }
}
