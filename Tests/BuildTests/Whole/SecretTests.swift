import Build
import Engine
import Foundation
import Linux
import OCI
import SystemPackage
import Testing

/// RUN --mount=type=secret and type=ssh in whole builds on the real kernel.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct SecretTests {
    static let value = "s3cret-\(UInt64.random(in: 0...UInt64.max))"

    static func lend(_ values: [String: String]) -> (inout BuildRequest) -> Void {
        { $0.secrets = BuildSecrets(secrets: values.mapValues { Secret(Array($0.utf8)) }) }
    }

    @Test func secretsAreWhereAndAsTheMountSays() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            """
            FROM base
            ENV TOKEN=public
            USER app
            RUN --mount=type=secret,id=dir/key --mount=type=secret,id=other,target=/etc/other,mode=0440,uid=1000,gid=100 \\
                --mount=type=secret,source=env,env=TOKEN --mount=type=secret,target=/both/env,env=BOTH \\
                stat -c '%a %u:%g %s %n' /run/secrets/key /etc/other /both/env > /tmp/out \\
                && cat /etc/other | tr a-z A-Z >> /tmp/out; echo $TOKEN $BOTH | tr a-z A-Z >> /tmp/out \\
                && ! cat /run/secrets/key && ! ls /run/secrets/env && ! touch /etc/other
            """, Self.lend(["dir/key": "hidden", "other": "owned", "env": "variable", "not/used": "x"]))
        #expect(
            try await shop.tree(of: image)["tmp/out"] == """
                file 644 1000:100 "400 0:0 6 /run/secrets/key
                440 1000:100 5 /etc/other
                400 0:0 8 /both/env
                OWNEDVARIABLE VARIABLE
                "
                """)
        #expect(try shop.layer(of: image).map { $0.prefix(8) } == ["tmp dire", "tmp/out "])
    }

    @Test func aSecretThatIsNotGivenLeavesNothing() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            """
            FROM base
            ENV TOKEN=public
            RUN --mount=type=secret,id=none --mount=type=secret,id=nothing,env=TOKEN --mount=type=ssh \\
                echo "$TOKEN $SSH_AUTH_SOCK" > /out; ls /run >> /out; true
            """)
        #expect(try await shop.tree(of: image)["out"] == "file 644 0:0 \"public \n\"")
    }

    @Test func whereThereAreNoSecretsTheStepThatNeedsOneSaysWhy() async throws {
        let shop = try await Workshop()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\nRUN --mount=type=secret,id=token,required true") {
                $0.secrets = BuildSecrets(refusal: "nobody lends any here")
            }
        }
        #expect(error?.description.hasSuffix("secret `token`: not found: nobody lends any here") == true, "\(error!)")
    }

    @Test func neitherValueNorPresenceOfASecretIsInAKey() async throws {
        let shop = try await Workshop()
        let dockerfile = "FROM base\nRUN --mount=type=secret,id=a true\nRUN --mount=type=secret,id=a,env=A true"
        _ = try await shop.build(dockerfile)
        for value in ["one", "two"] {
            let log = EventLog()
            _ = try await shop.build(dockerfile, log: log, Self.lend(["a": value]))
            #expect(log.ran.isEmpty)
        }
        let log = EventLog()
        _ = try await shop.build(dockerfile.replacing("id=a", with: "id=b"), log: log)
        #expect(log.ran.count == 2)
    }

    @Test func outputShowsNoSecret() async throws {
        let shop = try await Workshop()
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build(
                """
                FROM base
                RUN --mount=type=secret,id=a --mount=type=secret,id=pem cat /run/secrets/a; cat /run/secrets/a >&2; \\
                    head -c 5 /run/secrets/a; sleep 0.2; tail -c +6 /run/secrets/a; echo; cat /run/secrets/pem; exit 3
                """, log: log,
                Self.lend(["a": Self.value, "pem": "BEGIN KEY\nline-one-of-it\nline-two-of-it\nEND\n"]))
        }
        #expect(!log.output.contains(Self.value) && !log.output.contains("line-"), "\(log.output)")
        #expect(log.output.contains("****"))
        guard case .step(let failure)? = error else { return }
        #expect(failure.exitCode == 3)
        #expect(!failure.lastOutput.joined().contains(Self.value) && failure.lastOutput.joined().contains("****"))
    }

    @Test func secretsStayInMemory() async throws {
        let shop = try await Workshop()
        let log = EventLog()
        let build = Task {
            try await shop.build(
                """
                FROM base
                RUN --mount=type=secret,id=a --mount=type=secret,id=b,env=B echo begun; sleep 2; stat -f -c %T /run/secrets/a
                """, log: log, Self.lend(["a": Self.value, "b": Self.value]))
        }
        while !log.output.contains("begun") { try await Task.sleep(for: .milliseconds(5)) }
        let store = shop.path.appending("store").string
        #expect(try Self.files(below: store, holding: Self.value) == [])
        #expect(try Self.processes("cmdline", holding: Self.value) == [])
        _ = try await build.value
        #expect(log.output.contains("tmpfs"))
        #expect(try Self.files(below: store, holding: Self.value) == [])
    }

    static func files(below path: String, holding text: String) throws -> [String] {
        let bytes = Data(text.utf8)
        return try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
            FileManager.default.contents(atPath: path + "/" + name)?.range(of: bytes) != nil
        }
    }

    static func processes(_ file: String, holding text: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            Int(name) != nil
                && FileManager.default.contents(atPath: "/proc/\(name)/\(file)")?.range(of: Data(text.utf8)) != nil
        }
    }
}
