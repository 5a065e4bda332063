import OCI
import Testing

/// The accepted and refused set of distribution's reference grammar, normalised as Docker's tools do.
struct ImageReferenceTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)

    @Test(
        arguments: [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("docker.io/busybox", "docker.io/library/busybox:latest"),
            ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
            ("team/app", "docker.io/team/app:latest"),
            ("a/b/c/d", "docker.io/a/b/c/d:latest"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app:x", "localhost:5000/app:x"),
            ("registry.example.org/app", "registry.example.org/app:latest"),
            ("registry.example.org:5000/team/app:1.0-rc_1", "registry.example.org:5000/team/app:1.0-rc_1"),
            ("Team/app", "Team/app:latest"),
            ("Registry.Example.ORG/app", "Registry.Example.ORG/app:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("[::1]:5000/x", "[::1]:5000/x:latest"),
            ("[2001:db8::1]/x:y", "[2001:db8::1]/x:y"),
            ("app@\(digest)", "docker.io/library/app@\(digest)"),
            ("app:tag@\(digest)", "docker.io/library/app:tag@\(digest)"),
            ("host:5000/app@\(digest)", "host:5000/app@\(digest)"),
            ("a__b", "docker.io/library/a__b:latest"), ("a-b", "docker.io/library/a-b:latest"),
            ("a--b---c", "docker.io/library/a--b---c:latest"), ("a.b_c/d", "a.b_c/d"), ("0/1", "docker.io/0/1:latest"),
            ("app:_x", "docker.io/library/app:_x"), ("app:" + String(repeating: "a", count: 128), nil),
            ("xn--n3h.com/myimage", "xn--n3h.com/myimage:latest"),
            (String(repeating: "a", count: 63) + "/b", nil),
        ] as [(String, String?)])
    func referenceIsNormalised(text: String, expected: String?) throws {
        if text == "a.b_c/d" {
            // An underscore cannot stand in a host name.
            #expect(throws: OCIError.self) { try ImageReference(parsing: text) }
        } else if let expected {
            #expect(try ImageReference(parsing: text).description == expected)
        } else {
            _ = try ImageReference(parsing: text)
        }
    }

    @Test(arguments: [
        "", " ", "a b", "A", "a/B", "Team", "a//b", "/a", "a/", "a/b/", ":tag", "a:", "a:b:c", "a:b/c:d/e",
        "@\(digest)", "a@",
        "a@sha256:", "a@sha256:abc", "a@\(digest)0", "a@SHA256:" + String(repeating: "0a", count: 32),
        "a@sha256:" + String(repeating: "0A", count: 32), "a@md5:0123",
        "a@sha512:" + String(repeating: "0a", count: 64),
        "a@\(digest)@\(digest)", "a@sha256:../../etc/passwd" + String(repeating: "0", count: 46),
        "host:port/x", "host:/x", "host:65536/x", "host:-1/x", "host:+80/x", "a..b", "a.", ".a", "-a", "a-", "_a", "a_",
        "a___b", "a._b",
        "a-.b", "../x", "a/../b", "./a", "registry.example.org/", "example..org/x", "-x.org/a", "x-.org/a",
        "[::1/x", "[]/x", "[::1]5000/x", "[::1]:x/y", "[zz]/x", "user@host/x", "https://registry.example.org/x",
        "app:" + String(repeating: "a", count: 129), "app:.x", "app:-x", "app:a/b", "app:ä", "äpp", "a\u{0}b",
        "a\nb", "a\r\n:b", "app:1@", "--help", String(repeating: "a", count: 256), "a?b", "a%2fb", "a\\b", "a#b",
    ])
    func referenceOutsideTheGrammarIsRefused(text: String) {
        #expect { try ImageReference(parsing: text) } throws: { error in
            guard let error = error as? OCIError else { return false }
            return error.code == .invalidReference || error.code == .invalidDigest
        }
    }

    @Test(arguments: [
        "busybox", "localhost:5000/a/b:c", "[::1]:5000/x", "app:t@\(digest)", "registry.example.org/a@\(digest)",
    ])
    func normalisedReferenceParsesToItself(text: String) throws {
        let reference = try ImageReference(parsing: text)
        #expect(try ImageReference(parsing: reference.description) == reference)
    }

    @Test func digestDecidesBeforeTheTag() throws {
        #expect(try ImageReference(parsing: "app:t@\(Self.digest)").manifestName == Self.digest)
        #expect(try ImageReference(parsing: "app:t").manifestName == "t")
        #expect(try ImageReference(parsing: "app").manifestName == "latest")
    }

    @Test(arguments: [
        ("1", true), ("_", true), ("A.b-c_d", true), ("", false), (".", false), ("-", false), ("a/b", false),
        ("a b", false),
    ])
    func tagsAreWordsWithDotsAndDashes(text: String, isTag: Bool) {
        #expect(ImageReference.isTag(text) == isTag)
    }
}
