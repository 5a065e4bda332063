import HTTP
import Testing

struct HTTPURLTests {
    @Test(arguments: [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG:443/a/b?x=1#part", "https://example.org/a/b?x=1"),
        ("http://127.0.0.1:5000/v2/", "http://127.0.0.1:5000/v2/"),
        ("http://[::1]:5000/x", "http://[::1]:5000/x"),
        ("http://example.org?q", "http://example.org/?q"),
        ("http://example.org/a b/ü", "http://example.org/a%20b/%C3%BC"),
        ("https://example.org:8443", "https://example.org:8443/"),
    ])
    func urlIsNormalised(text: String, expected: String) throws {
        #expect(try HTTPURL(parsing: text).absoluteString == expected)
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org/", "file:///etc/passwd", "http://", "http:///path", "http://a b/",
        "http://example.org:0/", "http://example.org:65536/", "http://example.org:x/", "http://user@example.org/",
        "http://user:secret@example.org/", "http://exa\r\nmple.org/", "http://example.org/\r\nX: y", "http://[::1/",
        "http://[]/", "http://exämple.org/", "http://example.org\u{0}/", "scp://example.org/", "http://ex%61mple.org/",
        "http://[::1]x/",
    ])
    func unusableURLIsRefused(text: String) {
        #expect { try HTTPURL(parsing: text) } throws: { ($0 as? HTTPError)?.code == .invalidURL }
    }

    @Test func errorsShowNeitherUserInformationNorQuery() throws {
        #expect {
            try HTTPURL(parsing: "http://user:hunter2@example.org/x?token=hunter3")
        } throws: { error in
            let text = "\(error)"
            return !text.contains("hunter") && text.contains("example.org")
        }
        let signed = try HTTPURL(parsing: "https://example.org/blob?signature=hunter2")
        #expect("\(signed)" == "https://example.org/blob?…")
    }

    @Test(arguments: [
        ("/x", "https://example.org:5000/x"),
        ("/x?b=2", "https://example.org:5000/x?b=2"),
        ("y", "https://example.org:5000/v2/app/y"),
        ("../y", "https://example.org:5000/v2/y"),
        ("../../../../y/./z/..", "https://example.org:5000/y/"),
        ("?n=1", "https://example.org:5000/v2/app/tags?n=1"),
        ("", "https://example.org:5000/v2/app/tags?last=a"),
        ("//other.example.org/z", "https://other.example.org/z"),
        ("http://other.example.org/z#f", "http://other.example.org/z"),
    ])
    func referenceIsResolvedAgainstItsURL(reference: String, expected: String) throws {
        let base = try HTTPURL(parsing: "https://example.org:5000/v2/app/tags?last=a")
        #expect(try base.resolving(reference).absoluteString == expected)
    }

    @Test(arguments: [
        "file:///etc/passwd", "ldap://example.org/", "javascript:alert(1)", "//user@example.org/", "a\r\nb",
    ])
    func referenceThatLeadsAwayFromHTTPIsRefused(reference: String) throws {
        let base = try HTTPURL(parsing: "https://example.org/")
        #expect(throws: HTTPError.self) { try base.resolving(reference) }
    }

    @Test func queryItemIsEncodedAndAppended() throws {
        let url = try HTTPURL(parsing: "http://example.org/token")
        #expect(
            url.adding(query: "service", "a b&c").adding(query: "scope", "repository:x/y:pull,push").absoluteString
                == "http://example.org/token?service=a%20b%26c&scope=repository:x/y:pull,push")
    }

    @Test func secretIsNeverShown() throws {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(["key": secret], to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter"))
        var request = HTTPRequest(.get, try HTTPURL(parsing: "http://example.org/"))
        request.authorization = secret
        dump(request, to: &dumped)
        #expect(!dumped.contains("hunter"))
    }
}
