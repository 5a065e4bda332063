import Foundation
import HTTP
import Registry
import Testing

/// Credential files and helper programs in a directory of their own.
@Suite(.timeLimit(.minutes(1)))
final class CredentialTests {
    private let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func write(_ text: String, as name: String, mode: Int = 0o600) throws -> String {
        let path = directory + "/" + name
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func credentials(_ files: String...) throws -> DockerCredentials {
        let paths = try files.enumerated().map { try write($0.element, as: "\($0.offset).json") }
        return DockerCredentials(
            .init(
                files: paths, helperDirectories: ["relative", directory],
                helperEnvironment: ["PATH=/usr/bin:/bin", "DIR=\(directory)"]))
    }

    private static func basic(_ user: String, _ password: String) -> Credential {
        .basic(user: user, password: Secret(password))
    }

    private static let file = """
        {"auths": {
          "registry.example.org": {"auth": "YWxpY2U6cGFzczp3b3Jk"},
          "registry.example.org:5000": {"username": "bob", "password": "b"},
          "https://old.example.org/v1/": {"auth": "Y2Fyb2w6Yw=="},
          "https://index.docker.io/v1/": {"auth": "ZGF2ZTpk"},
          "quay.example.org/team": {"auth": "dGVhbTp0"},
          "quay.example.org/team/app": {"auth": "YXBwOmE"},
          "quay.example.org": {"auth": "YWxsOng="},
          "token.example.org": {"identitytoken": "it", "auth": "eDp5"},
          "token2.example.org": {"auth": "PHRva2VuPjppdA=="},
          "raw.example.org": {"registrytoken": "rt"},
          "empty.example.org": {}
        }}
        """

    @Test(
        arguments: [
            ("registry.example.org", "x", basic("alice", "pass:word")),
            ("registry.example.org:5000", "x", basic("bob", "b")),
            ("registry.example.org:443", "x", nil),
            ("registry.example.org.evil.example.com", "x", nil),
            ("sub.registry.example.org", "x", nil),
            ("old.example.org", "x", basic("carol", "c")),
            ("docker.io", "library/busybox", basic("dave", "d")),
            ("quay.example.org", "team/app", basic("app", "a")),
            ("quay.example.org", "team/app/part", basic("app", "a")),
            ("quay.example.org", "team/application", basic("team", "t")),
            ("quay.example.org", "other", basic("all", "x")),
            ("token.example.org", "x", .identityToken(Secret("it"))),
            ("token2.example.org", "x", .identityToken(Secret("it"))),
            ("raw.example.org", "x", .registryToken(Secret("rt"))),
            ("empty.example.org", "x", nil),
        ] as [(String, String, Credential?)])
    func entryIsFoundByItsKey(registry: String, path: String, expected: Credential?) async throws {
        #expect(try await credentials(Self.file).credential(for: registry, path: path) == expected)
    }

    @Test func firstFileThatKnowsTheHostDecides() async throws {
        let first = #"{"auths": {"a.example.org": {"auth": "MTox"}}}"#
        let second = #"{"auths": {"a.example.org": {"auth": "Mjoy"}, "b.example.org": {"auth": "Mjoy"}}}"#
        let credentials = try credentials(first, "", second)
        #expect(try await credentials.credential(for: "a.example.org", path: "x") == Self.basic("1", "1"))
        #expect(try await credentials.credential(for: "b.example.org", path: "x") == Self.basic("2", "2"))
    }

    @Test func absentFileHasNoSay() async throws {
        let credentials = DockerCredentials(.init(files: ["/nonexistent/config.json", "/dev/null/config.json"]))
        #expect(try await credentials.credential(for: "a.example.org", path: "x") == nil)
    }

    @Test func fileIsReadAnew() async throws {
        let credentials = try credentials("{}")
        #expect(try await credentials.credential(for: "a.example.org", path: "x") == nil)
        _ = try write(#"{"auths": {"a.example.org": {"auth": "MTox"}}}"#, as: "0.json")
        #expect(try await credentials.credential(for: "a.example.org", path: "x") == Self.basic("1", "1"))
    }

    @Test(arguments: [
        "[]", "{", #"{"auths": {"a.example.org": {"auth": "no base64"}}}"#,
        #"{"auths": {"a.example.org": {"auth": "bm9jb2xvbg=="}}}"#,
    ])
    func damagedFileIsAnErrorThatNamesItOrItsEntry(text: String) async throws {
        let credentials = try credentials(text)
        await #expect { try await credentials.credential(for: "a.example.org", path: "x") } throws: {
            ($0 as? RegistryError)?.code == .configuration
                && ("\($0)".contains("0.json") || "\($0)".contains("a.example.org"))
        }
    }

    // MARK: Helpers

    private func helper(_ script: String) throws {
        _ = try write("#!/bin/sh\n" + script, as: "docker-credential-test", mode: 0o755)
    }

    @Test(arguments: [
        #"{"credHelpers": {"a.example.org": "test"}}"#, #"{"credsStore": "test"}"#,
        #"{"credsStore": "other", "credHelpers": {"a.example.org": "test"}}"#,
    ])
    func helperIsAskedForTheHost(file: String) async throws {
        try helper(
            #"echo "$1" > "$DIR/asked"; cat >> "$DIR/asked"; echo '{"ServerURL":"x","Username":"alice","Secret":"s3"}'"#
        )
        #expect(try await credentials(file).credential(for: "a.example.org", path: "x") == Self.basic("alice", "s3"))
        #expect(try String(contentsOfFile: directory + "/asked", encoding: .utf8) == "get\na.example.org")
    }

    @Test func helperMayAnswerWithAnIdentityToken() async throws {
        try helper(#"echo '{"Username":"<token>","Secret":"it"}'"#)
        #expect(
            try await credentials(#"{"credsStore": "test"}"#).credential(for: "a.example.org", path: "x")
                == .identityToken(Secret("it")))
    }

    @Test func helperThatKnowsNothingMeansNoCredential() async throws {
        try helper("echo 'credentials not found in native keychain'; exit 1")
        #expect(try await credentials(#"{"credsStore": "test"}"#).credential(for: "a.example.org", path: "x") == nil)
    }

    @Test(arguments: [
        "echo canary >&2; exit 3", "echo canary", "yes canary", "kill -9 $$", #"echo '{"Username":"x"}'"#,
    ])
    func helperThatFailsIsAnErrorThatKeepsItsSecret(script: String) async throws {
        try helper(script + " | head -c 300000")
        let credentials = try credentials(#"{"credsStore": "test"}"#)
        await #expect { try await credentials.credential(for: "a.example.org", path: "x") } throws: {
            ($0 as? RegistryError)?.code == .configuration && "\($0)".contains("docker-credential-test")
                && !"\($0)".contains("canary")
        }
    }

    @Test(arguments: ["missing", "../test", "a b", ""])
    func helperThatIsNotThereIsAnError(name: String) async throws {
        let credentials = try credentials(#"{"credHelpers": {"a.example.org": "\#(name)"}}"#)
        await #expect(throws: RegistryError.self) { try await credentials.credential(for: "a.example.org", path: "x") }
    }

    @Test(
        arguments: [
            (["HOME": "/home/a"], ["/home/a/.docker/config.json", "/home/a/.config/containers/auth.json"]),
            (
                ["HOME": "/home/a", "DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/run/1", "REGISTRY_AUTH_FILE": "/r"],
                ["/r", "/d/config.json", "/run/1/containers/auth.json", "/home/a/.config/containers/auth.json"]
            ),
            (["DOCKER_CONFIG": ""], []),
        ] as [([String: String], [String])])
    func environmentSaysWhereToLook(environment: [String: String], files: [String]) {
        #expect(DockerCredentials.Locations(environment: environment).files == files)
    }
}
