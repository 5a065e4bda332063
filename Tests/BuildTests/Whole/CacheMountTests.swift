import Build
import Engine
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// RUN --mount=type=cache in whole builds on the real kernel.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct CacheMountTests {
    private static func lines(_ shop: Workshop, _ dockerfile: String, _ file: String = "out") async throws -> String? {
        try await shop.tree(of: try await shop.build(dockerfile))[file]
    }

    @Test func aCacheLastsFromStepToStepAndBuildToBuild() async throws {
        let shop = try await Workshop()
        let mount = "RUN --mount=type=cache,target=/c"
        let image = try await shop.build("FROM base\n\(mount) echo one > /c/one\n\(mount) ls /c > /out")
        #expect(try await shop.tree(of: image)["out"] == "file 644 0:0 \"one\n\"")
        #expect(try await shop.tree(of: image).keys.filter { $0.hasPrefix("c") } == [])
        #expect(
            try await Self.lines(
                shop, "FROM base\nUSER app\n\(mount) cat /c/one > /tmp/out; stat -c %u:%g /c >> /tmp/out", "tmp/out")
                == "file 644 1000:100 \"one\n0:0\n\"")
    }

    @Test func ownersAreThoseThatStepsSeeWhateverIdsABuildHas() async throws {
        let shop = try await Workshop()
        _ = try await shop.build(
            "FROM base\nRUN --mount=type=cache,target=/c echo x > /c/x && chown 1000:100 /c/x && chmod 4750 /c/x")
        let id = try #require(try shop.engine.store.cacheMounts.all().first).id
        #expect(id == CacheMountID(name: "/c"))
        let file = shop.path.appending("store/mounts/\(id.digest.hex)/1/x").string
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.ownerAccountID] as? Int == 1000 && attributes[.groupOwnerAccountID] as? Int == 100)
        // Another process has other ids.
        let other = try await Workshop(store: shop.path.appending("store"), hasBase: false)
        #expect(
            try await Self.lines(other, "FROM base\nRUN --mount=type=cache,target=/c stat -c '%u:%g %a' /c/x > /out")
                == "file 644 0:0 \"1000:100 4750\n\"")
    }

    /// Mounts of two steps and whether the second sees what the first wrote.
    static let pairs: [(String, String, Bool)] = [
        ("target=/c", "target=/c/", true),
        ("target=/c", "target=/d,id=/c", true),
        ("target=./x", "target=/y,id=x", true),
        ("target=/c,id=a", "target=/c,id=b", false),
        ("target=/c,id=a", "target=/c,id=A", false),
        ("target=/c", "target=/c,mode=0755", false),
        ("target=/c,uid=0", "target=/c", false),
        ("target=/c,mode=0700,uid=1,gid=2", "target=/c,gid=2,uid=1,mode=700", true),
        ("target=/c", "target=/c,from=base,source=/etc", false),
        ("target=/c,from=base,source=/etc", "target=/c,from=base,source=etc", true),
        ("target=/c", "target=/c,sharing=locked", true),
        ("target=/c,sharing=private", "target=/c,sharing=private", true),
    ]

    @Test(arguments: pairs)
    func idsSeedsAndOwnersTellCachesApart(_ first: String, _ second: String, _ isSame: Bool) async throws {
        let shop = try await Workshop()
        let path = { (mount: String) in
            "/" + mount.split(separator: ",")[0].dropFirst(7).filter { $0 != "." && $0 != "/" }
        }
        _ = try await shop.build("FROM base\nRUN --mount=type=cache,\(first) cd / && echo > \(path(first))/mark")
        let out = try await Self.lines(
            shop, "FROM base\nRUN --mount=type=cache,\(second) cd / && ls \(path(second)) > /out")
        #expect(out?.contains("mark") == isSame)
    }

    @Test func aNamespaceKeepsCachesApart() async throws {
        let shop = try await Workshop()
        for (namespace, expected) in [("a", "1"), ("b", "1"), ("a", "2")] {
            let image = try await shop.build(
                "FROM base\nRUN --mount=type=cache,target=/c echo >> /c/x; wc -l < /c/x > /out"
            ) {
                $0.buildArguments["BUILDKIT_CACHE_MOUNT_NS"] = namespace
                $0.usesCache = false
            }
            #expect(try await shop.tree(of: image)["out"] == "file 644 0:0 \"\(expected)\n\"")
        }
    }

    @Test func aCacheBeginsWithItsSeed() async throws {
        let shop = try await Workshop()
        try shop.write("seed/deep/a", "a", mode: 0o755)
        let dockerfile = """
            FROM base AS seed
            RUN mkdir -m 1770 /s && echo s > /s/s && chown 5:6 /s && ln -s s /s/l && ln /s/s /s/h
            FROM base
            RUN --mount=type=cache,target=/a,from=seed,source=/s \\
                stat -c '%a %u:%g' /a > /out && cat /a/l /a/h >> /out && rm /a/s && echo >> /a/h
            RUN --mount=type=cache,target=/a,from=seed,source=/s ls /a >> /out
            """
        #expect(try await Self.lines(shop, dockerfile) == "file 644 0:0 \"1770 5:6\ns\ns\nh\nl\n\"")
        #expect(
            try await Self.lines(
                shop,
                "FROM base\nRUN --mount=type=cache,target=/a,from=seed,source=/s,mode=700,uid=9 stat -c '%a %u:%g' /a > /out"
                    .replacing(
                        "FROM base", with: dockerfile.split(separator: "FROM base\nRUN --mount")[0] + "FROM base"))
                == "file 644 0:0 \"700 9:6\n\"")
    }

    @Test func readOnlyCachesRefuseWrites() async throws {
        let shop = try await Workshop()
        _ = try await shop.build(
            """
            FROM base
            RUN --mount=type=cache,target=/c echo x > /c/x
            RUN --mount=type=cache,target=/c,ro cat /c/x && ! touch /c/y && ! rm /c/x
            """)
    }

    @Test func withoutTheCacheOnlyCachesThatSayHowTheyBeginAreRenewed() async throws {
        let shop = try await Workshop()
        let dockerfile = """
            FROM base
            RUN --mount=type=cache,target=/plain --mount=type=cache,target=/own,mode=0700 \\
                echo >> /plain/x && echo >> /own/x && cat /plain/x | wc -l > /out && cat /own/x | wc -l >> /out
            RUN --mount=type=cache,target=/own,mode=0700 echo >> /own/x && cat /own/x | wc -l >> /out
            """
        #expect(try await Self.lines(shop, dockerfile) == "file 644 0:0 \"1\n1\n2\n\"")
        let again = try await shop.build(dockerfile) { $0.usesCache = false }
        #expect(try await shop.tree(of: again)["out"] == "file 644 0:0 \"2\n1\n2\n\"")
        let next = try await shop.build(dockerfile.replacing("FROM base", with: "FROM base\nENV x=1"))
        #expect(try await shop.tree(of: next)["out"] == "file 644 0:0 \"3\n3\n4\n\"")
    }

    @Test func stepsWithSeveralCachesInAnyOrderDoNotBlockEachOther() async throws {
        let shop = try await Workshop()
        var dockerfile = ""
        for index in 0..<6 {
            let mounts = ["a", "b", "c"].map { "--mount=type=cache,target=/\($0),id=\($0),sharing=locked" }
            let nested =
                "--mount=type=cache,target=/n,id=n --mount=type=cache,target=/n/m,id=m\(index % 2 == 0 ? "" : ",sharing=locked")"
            let all = (index % 2 == 0 ? mounts : mounts.reversed()).joined(separator: " ")
            dockerfile += "FROM base AS s\(index)\nRUN \(all) \(nested) "
            // Alone, or the second rename fails.
            dockerfile += "mkdir /a/held && echo \(index) >> /a/log && sleep 0.1 && rmdir /a/held\n"
        }
        dockerfile += "FROM base\n"
        for index in 0..<6 { dockerfile += "COPY --from=s\(index) /etc/passwd /p\(index)\n" }
        dockerfile += "RUN --mount=type=cache,target=/a,id=a cat /a/log | wc -l > /out"
        #expect(try await Self.lines(shop, dockerfile) == "file 644 0:0 \"6\n\"")
    }

    @Test func aStepThatWaitsForACacheSaysSoAndCanBeCancelled() async throws {
        let shop = try await Workshop()
        let lease = try await shop.engine.store.cacheMounts.take(CacheMountID(name: "/c"), .locked)
        let log = EventLog()
        let build = Task { try await shop.build("FROM base\nRUN --mount=type=cache,target=/c true", log: log) }
        while !log.output.contains("waiting for the cache `/c`") { try await Task.sleep(for: .milliseconds(5)) }
        build.cancel()
        await #expect(throws: CancellationError.self) { try await build.value }
        withExtendedLifetime(lease) {}
    }

    @Test func privateStepsAtOnceHaveTheirOwn() async throws {
        let shop = try await Workshop()
        let run =
            "RUN --mount=type=cache,target=/c,sharing=private mkdir /c/held && sleep 1 && ls /c > /out && rmdir /c/held"
        let image = try await shop.build(
            "FROM base AS a\n\(run)\nFROM base AS b\nENV x=1\n\(run)\nFROM base\nCOPY --from=a /out /a\nCOPY --from=b /out /b"
        )
        #expect(try await shop.tree(of: image)["a"] == "file 644 0:0 \"held\n\"")
        #expect(try shop.engine.store.cacheMounts.all().map(\.copies) == [2])
    }
}
