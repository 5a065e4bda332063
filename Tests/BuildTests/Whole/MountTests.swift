import Build
import Dockerfile
import Engine
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// RUN --mount in whole builds on the real kernel.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct MountTests {
    /// The files that a build adds to its base.
    static func added(_ shop: Workshop, _ dockerfile: String, log: EventLog = EventLog()) async throws -> [String:
        String]
    {
        let base = try await shop.tree(of: try await shop.build("FROM base"))
        return try await shop.tree(of: try await shop.build(dockerfile, log: log)).filter { base[$0.key] != $0.value }
    }

    // MARK: Bind

    @Test func aBindShowsTheContextAsTheIgnoreFileLeavesIt() async throws {
        let shop = try await Workshop()
        try shop.write("src/a", "a")
        try shop.write("src/run", "#!/bin/sh", mode: 0o700)
        try shop.write("src/hidden", "hidden")
        try shop.link("src/link", to: "a")
        let image = try await shop.build(
            """
            FROM base
            RUN --mount=type=bind,target=/all --mount=source=src,target=/mnt/src --mount=src=src/a,dst=/mnt/one \\
                cd / && find all mnt | sort > /out && cat mnt/src/link mnt/one >> /out && stat -c '%a %u %Y' mnt/src/run >> /out \\
                && ! touch all/x && ! touch mnt/src/x
            """, ignore: "src/hidden\n")
        let tree = try await shop.tree(of: image)
        #expect(
            tree["out"] == """
                file 644 0:0 "all
                all/src
                all/src/a
                all/src/link
                all/src/run
                mnt
                mnt/one
                mnt/src
                mnt/src/a
                mnt/src/link
                mnt/src/run
                aa755 0 1700000000
                "
                """)
        #expect(try shop.layer(of: image).map { $0.prefix(4) } == ["out "])
    }

    @Test func aBindShowsOtherStagesAndImages() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f")
        let other = try await shop.build("FROM scratch\nCOPY f /from/image\n")
        try await shop.engine.tag(BuiltTarget([other]), as: ImageReference(parsing: "other"))
        let added = try await Self.added(
            shop,
            """
            FROM base AS Tools
            RUN mkdir -p /opt/tool/bin && echo tool > /opt/tool/bin/t && ln -s /opt/tool /current && chown 5:6 /opt/tool/bin/t
            FROM base
            RUN --mount=from=tools,source=/current/bin,target=/bin2 --mount=from=other,target=/other \\
                --mount=from=tools,source=opt/tool/bin/t,target=/etc/t \\
                cat /bin2/t /other/from/image /etc/t > /out; stat -c %u:%g /bin2/t >> /out
            """)
        #expect(added == ["out": "file 644 0:0 \"tool\nftool\n5:6\n\""])
    }

    @Test func writesToABindAreDropped() async throws {
        let shop = try await Workshop()
        try shop.write("src/a", "a")
        let added = try await Self.added(
            shop,
            """
            FROM base AS tools
            RUN mkdir /t && echo t > /t/t
            FROM base
            RUN --mount=source=src,target=/src,rw --mount=from=tools,source=/t,target=/t,readwrite \\
                echo b > /src/b && rm /src/a && echo u > /t/t && ls /src > /one && cat /t/t >> /one
            RUN --mount=source=src,target=/src,rw --mount=from=tools,source=/t,target=/t ls /src > /two; cat /t/t >> /two
            """)
        #expect(added == ["one": "file 644 0:0 \"b\nu\n\"", "two": "file 644 0:0 \"a\nt\n\""])
    }

    @Test(arguments: [
        "--mount=source=d,target=/m --mount=source=one,target=/m/one",
        "--mount=source=one,target=/m/one --mount=source=d,target=/m",
        "--mount=source=one,target=/m/one --mount=source=d,target=/m,rw",
        "--mount=type=tmpfs,target=/m/one/.. --mount=source=one,target=/m/one --mount=source=d/two,target=/m/two",
        "--mount=source=d,target=/m --mount=source=e,target=/m/sub --mount=source=one,target=/m/sub/deep/one",
    ])
    func filesAndDirectoriesOverlapInAnyOrder(_ mounts: String) async throws {
        let shop = try await Workshop()
        try shop.write("d/two", "two")
        try shop.write("e/three", "three")
        try shop.write("one", "one")
        let image = try await shop.build("FROM base\nRUN \(mounts) cat `find /m -type f | sort` > /out")
        let tree = try await shop.tree(of: image)
        #expect(tree["out"] == "file 644 0:0 \"\(mounts.contains("deep") ? "onethreetwo" : "onetwo")\"")
        #expect(try shop.layer(of: image).count == 1)
    }

    @Test func mountPointsAreInNoLayer() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f")
        let image = try await shop.build(
            """
            FROM base
            RUN mkdir /kept && touch -d @400000000 /kept
            RUN --mount=source=f,target=/kept/sub/f --mount=type=tmpfs,target=/new/tmp --mount=type=cache,target=/kept/c \\
                --mount=type=secret,id=none cat /kept/sub/f && stat -c %Y /kept
            """)
        #expect(try shop.layer(of: image) == [])
    }

    @Test func whatTheImageHasIsCoveredAndThereAgain() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f")
        let image = try await shop.build(
            """
            FROM base
            RUN --mount=source=f,target=/etc/passwd --mount=type=tmpfs,target=/dev/shm,size=1m \
                --mount=type=cache,target=/run --mount=type=cache,target=/tmp cat /etc/passwd && ls -A /tmp /run /dev/shm \
                && echo x > /run/x && echo x > /dev/shm/x && ! dd if=/dev/zero of=/dev/shm/y bs=1M count=2
            RUN id -u root && ls /tmp/.made
            """)
        #expect(try shop.layer(of: image, at: image.chain.layers.count - 2) == [])
        #expect(try shop.layer(of: image) == [])
    }

    @Test func whatIsMountedOnMustBeOfItsKind() async throws {
        let shop = try await Workshop()
        try shop.write("f", "f")
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\nRUN --mount=source=f,target=/bin true")
        }
        #expect(error?.description.contains("`/bin` is a directory, and what is mounted a file") == true, "\(error!)")
        for target in ["/proc/x", "/sys/kernel", "/dev/mem"] {
            await #expect(throws: BuildError.self) {
                try await shop.build("FROM base\nRUN --mount=source=f,target=\(target) true")
            }
        }
    }

    @Test(arguments: [
        ("--mount=from=base,source=/absent,target=/m", "`/absent` is not in the stage or image"),
        ("--mount=type=secret,id=key,required", "secret `key`: not found"),
        ("--mount=type=ssh,required=true", "the keys `default` for ssh: not found"),
        (
            "--mount=type=cache,from=base,source=/etc/passwd,target=/c",
            "a cache cannot begin with the file `/etc/passwd`"
        ),
    ])
    func aMountThatCannotBeHadFailsItsStep(_ mount: String, _ message: String) async throws {
        let shop = try await Workshop()
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM base\n\nRUN \(mount) true", log: log)
        }
        guard case .step(let failure)? = error else {
            Issue.record("a step fails: \(String(describing: error))")
            return
        }
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(failure.step.range.firstLine == 3)
        #expect(log.outcomes == ["failed RUN \(mount) true"])
    }

    @Test func whatTheContextLacksIsKnownBeforeAnythingRuns() async throws {
        let shop = try await Workshop()
        try shop.write("hidden", "hidden")
        try shop.write("sorce", "")
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build(
                "FROM base\nRUN true\nRUN --mount=source=hidden,target=/m --mount=source=source,target=/n true",
                ignore: "hidden\n", log: log)
        }
        let text = try #require(error).description
        #expect(text.contains("Dockerfile:3:"), "\(text)")
        #expect(text.contains("is not in the build context: excluded by .dockerignore line 1"), "\(text)")
        #expect(text.contains("did you mean `sorce`?"), "\(text)")
        #expect(log.started.isEmpty)
    }

    // MARK: Memory

    @Test func aTmpfsIsEmptyBoundedAndDropped() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            """
            FROM base
            RUN --mount=type=tmpfs,target=/tmp,size=1m ls -A /tmp > /out && stat -c %a /tmp >> /out && touch /tmp/x \\
                && ! dd if=/dev/zero of=/tmp/big bs=1M count=2
            USER app
            RUN --mount=type=tmpfs,target=/t echo x > /t/x
            """)
        #expect(try await shop.tree(of: image)["out"] == "file 644 0:0 \"1777\n\"")
        #expect(try shop.layer(of: image) == [])
    }
}
