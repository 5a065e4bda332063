import Build
import Dockerfile
import OCI
import Testing

/// What RUN --mount means before anything runs.
struct MountPlanTests {
    private static func mounts(_ text: String, workdir: String = "/w", before: String = "") async throws -> [RunMount] {
        let plan = try await BuildPlan.of("FROM scratch\nARG v=value\nWORKDIR \(workdir)\n\(before)RUN \(text) true")
        return try #require(plan.runs.last).mounts
    }

    static let targets: [(String, [String])] = [
        ("--mount=target=x", ["/w/x"]),
        ("--mount=target=./a//b/../c/", ["/w/a/c"]),
        ("--mount=dst=/abs --mount=destination=/more", ["/abs", "/more"]),
        ("--mount=target=/$v", ["/value"]),
        ("--mount=type=secret,id=dir/name", ["/run/secrets/name"]),
        ("--mount=type=secret,target=sub/name", ["/w/sub/name"]),
        (
            "--mount=type=ssh --mount=type=tmpfs,target=/t --mount=type=ssh,id=b",
            ["/run/buildkit/ssh_agent.0", "/t", "/run/buildkit/ssh_agent.1"]
        ),
    ]

    @Test(arguments: targets)
    func targetsAreAbsoluteAndClean(_ text: String, _ targets: [String]) async throws {
        #expect(try await Self.mounts(text).map(\.target) == targets)
    }

    @Test(arguments: [
        ("FROM scratch AS base\nFROM scratch\nRUN --mount=from=0,target=/x true", "3:5", "stage 0 is called `base`"),
        ("FROM scratch\nFROM scratch\nRUN --mount=type=cache,from=0,target=/x true", "3:5", "`FROM … AS name`"),
        ("FROM scratch AS a\nFROM 0", "2:6", "stage 0 is called `a`"),
    ])
    func numberOfAStageIsExplainedWhereItIsAnImage(_ dockerfile: String, place: String, hint: String) async throws {
        let error = await #expect(throws: BuildError.self) { try await BuildPlan.of(dockerfile) }
        let text = error?.description ?? ""
        #expect(
            text.contains("Dockerfile:\(place)") && text.contains("only COPY --from") && text.contains(hint), "\(text)")
        // There may be such an image.
        let plan = try await BuildPlan.of(dockerfile, images: KnownImages(["0": try .sample()]))
        #expect(plan.graph.vertices.contains { if case .image = $0.operation { true } else { false } })
    }

    static let caches: [(String, String)] = [
        ("target=/root/.cache/", "/root/.cache"), ("target=./x", "x"), ("target=a/../b", "b"), ("target=../b", "../b"),
        ("target=/a,id=given", "given"), ("target=/a,id=$v", "value"),
    ]

    @Test(arguments: caches)
    func theIdOfACacheIsItsTargetAsItStands(_ text: String, _ name: String) async throws {
        let mount = try #require(try await Self.mounts("--mount=type=cache,\(text)").first)
        guard case .cache(let cache) = mount.kind else {
            Issue.record("it is a cache")
            return
        }
        #expect(cache.name == name)
    }

    static let refused: [(String, String)] = [
        ("target=/", "nothing can be mounted over `/`"),
        ("target=..", "nothing can be mounted over `/`"),
        ("target=$none", "a bind mount needs a target"),
        ("type=cache", "a cache mount needs a target"),
        ("type=tmpfs", "a tmpfs mount needs a target"),
        ("type=secret", "a secret mount needs an id"),
        ("type=none,target=/a", "unknown type `none`"),
        ("target=/a,mode=0700", "`mode` does not go with a bind mount"),
        ("type=tmpfs,target=/a,uid=1", "`uid` does not go with a tmpfs mount"),
        ("target=/a,size=1m", "`size` does not go with a bind mount"),
        ("type=cache,target=/a,required", "`required` does not go with a cache mount"),
        ("type=tmpfs,target=/a,sharing=shared", "`sharing` does not go with a tmpfs mount"),
        ("type=secret,id=a,from=x", "`from` does not go with a secret mount"),
        ("type=cache,target=/a,sharing=none", "unknown sharing `none`"),
        ("type=cache,target=/a,mode=9", "invalid mode `9`"),
        ("type=cache,target=/a,mode=17777", "invalid mode `17777`"),
        ("type=cache,target=/a,uid=root", "`uid` needs a number, not `root`"),
        ("type=tmpfs,target=/a,size=much", "invalid size `much`"),
        ("target=/a,readonl", "unknown mount option `readonl`"),
        ("target=/a,ro=maybe", "`ro` is either true or false, not `maybe`"),
        ("target", "the mount option `target` has no value"),
        ("target=/a,from=$v", "from= takes no variables"),
        ("type=tmpfs,target=/proc/a", "nothing can be mounted on `/proc/a`: /proc, /sys and /dev are the kernel's"),
        ("type=cache,target=//sys/../sys", "nothing can be mounted on `/sys`"),
        ("type=secret,id=a,target=/dev/shmem", "nothing can be mounted on `/dev/shmem`"),
        ("target=/a,from=later", "stage `later` needs to be defined before this one"),
    ]

    @Test(arguments: refused)
    func whatMakesNoSenseIsRefusedAtItsPlace(_ text: String, _ message: String) async throws {
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of(
                "FROM scratch\nARG v=value\nRUN --mount=\(text) true\nFROM scratch AS later"
            ) { $0.targets = ["0"] }
        }
        guard case .dockerfile(let diagnostics, _)? = error else {
            Issue.record("the Dockerfile is refused: \(String(describing: error))")
            return
        }
        let mistakes = diagnostics.filter { $0.severity == .error }
        #expect(mistakes.map(\.range?.firstLine) == [3])
        #expect(mistakes.first?.message.contains(message) == true, "\(mistakes)")
    }

    @Test func aNumberNamesAnImageNotAStage() async throws {
        let images = KnownImages(["0": try ImageConfig.sample()])
        _ = try await BuildPlan.of("FROM scratch\nFROM scratch\nRUN --mount=from=0,target=/m true", images: images)
        #expect(images.resolved == ["0"])
    }

    @Test func onlyTheStagesThatMountsNeedArePlanned() async throws {
        let plan = try await BuildPlan.of(
            """
            FROM scratch AS unused
            RUN unused
            FROM scratch AS used
            RUN used
            FROM scratch
            RUN --mount=from=USED,target=/m main
            """)
        #expect(plan.steps.map(\.title).map { $0.split(separator: " ").last } == ["used", "main"])
    }

    @Test func proxiesAreLentAndLeaveNoTrace() async throws {
        let proxies = ["HTTP_PROXY": "http://127.0.0.1:3128", "no_proxy": "example.org"]
        let plan = try await BuildPlan.of("FROM scratch\nRUN one\nARG HTTP_PROXY\nRUN two") {
            $0.buildArguments = proxies
        }
        let other = try await BuildPlan.of("FROM scratch\nRUN one\nARG HTTP_PROXY\nRUN two")
        #expect(
            plan.runs[0].proxies == [
                "HTTP_PROXY=http://127.0.0.1:3128", "http_proxy=http://127.0.0.1:3128", "NO_PROXY=example.org",
                "no_proxy=example.org",
            ])
        #expect(plan.runs[0].environment == other.runs[0].environment)
        #expect(plan.history[0] == other.history[0])
        #expect(
            plan.runs[1].proxies == [
                "http_proxy=http://127.0.0.1:3128", "NO_PROXY=example.org", "no_proxy=example.org",
            ])
        #expect(plan.runs[1].environment.contains("HTTP_PROXY=http://127.0.0.1:3128"))
        #expect(plan.history.last?.contains("|1 HTTP_PROXY=") == true)
    }
}
