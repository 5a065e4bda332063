import Build
import Dockerfile
import OCI
import Testing

struct PlannerTests {
    @Test func imagesOfStagesThatNoTargetNeedsAreNeverAskedFor() async throws {
        let images = KnownImages(["used": try .sample(), "copied": try .sample()])
        let dockerfile = """
            FROM gone AS unused
            RUN make
            FROM used AS lib
            FROM $nowhere AS broken
            FROM scratch
            COPY --from=lib /x /
            COPY --from=copied /y /
            """
        let plan = try await BuildPlan.of(dockerfile, images: images)
        #expect(images.resolved == ["copied", "used"])
        #expect(plan.steps.map(\.title) == ["COPY --from=lib /x /", "COPY --from=copied /y /"])
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of(dockerfile, images: images) { $0.targets = ["unused"] }
        }
        #expect(error?.description.hasPrefix("Dockerfile:1:6: error: no image `docker.io/library/gone:latest`") == true)
    }

    @Test func anUnknownTargetNamesTheStages() async throws {
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of("FROM scratch AS build\nFROM scratch AS test") { $0.targets = ["biuld"] }
        }
        #expect(
            error?.description
                == "Dockerfile has no stage `biuld`, its stages are: build, test; did you mean `build`?")
    }

    // MARK: Variables

    @Test func argumentsReachCommandsAndHistoryAndEnvironmentHidesThem() async throws {
        let plan = try await BuildPlan.of(
            """
            ARG global=g
            FROM scratch
            ARG a=1 b=$a
            ARG global
            ARG undeclared
            ENV e=$b/x a=env
            RUN make
            """
        ) { $0.buildArguments = ["b": "", "unknown": "u", "undeclared": "given"] }
        let run = try #require(plan.runs.first)
        let expected = ["a=env", "b=", "e=/x", "global=g", "undeclared=given"]
        #expect(run.environment.filter { !$0.hasPrefix("PATH=") && !$0.hasPrefix("SOURCE_DATE") }.sorted() == expected)
        #expect(plan.history.last == "RUN |4 a=env b= global=g undeclared=given /bin/sh -c make # buildkit")
        #expect(plan.targets[0].config.environment.contains("e=/x"))
        #expect(!plan.targets[0].config.environment.contains { $0.hasPrefix("b=") })
    }

    @Test func argumentsThatNobodyDeclaresDoNotReachKeys() async throws {
        let with = try await BuildPlan.of("FROM scratch\nRUN make") { $0.buildArguments = ["x": "1"] }
        let without = try await BuildPlan.of("FROM scratch\nRUN make")
        #expect(with.runs == without.runs)
    }

    @Test func duplicatesInABasesEnvironmentAreReplacedInPlace() async throws {
        let base = try ImageConfig.sample(json: #"{"config":{"Env":["A=1","PATH=/p","B=2"]}}"#)
        let plan = try await BuildPlan.of("FROM base\nENV A=3 C=4", images: KnownImages(["base": base]))
        #expect(plan.targets[0].config.environment == ["A=3", "PATH=/p", "B=2", "C=4"])
    }

    @Test func stagesMayStandOnEachOtherThousandsDeep() async throws {
        let chain = (1..<3_000).map { "FROM s\($0 - 1) AS s\($0)\nENV a\($0)=1\n" }.joined()
        let copies = (1..<3_000).map { "FROM scratch AS c\($0)\nCOPY --from=c\($0 - 1) / /\n" }.joined()
        let plan = try await BuildPlan.of(
            "FROM scratch AS s0\n\(chain)FROM s2999 AS c0\n\(copies)COPY --from=s2999 / /")
        #expect(plan.copies.count == 3_000)
    }

    @Test func namesOfStepsHoldTheValuesOfVariablesButThoseOfCommandsDoNot() async throws {
        let plan = try await BuildPlan.of(
            "FROM scratch\nARG v=1\nWORKDIR /w$v\nCOPY a$v $none /d/\nRUN echo $v $SECRET")
        #expect(plan.steps.map(\.title) == ["WORKDIR /w1", "COPY a1  /d/", "RUN echo $v $SECRET"])
    }

    // MARK: Configuration

    @Test(
        arguments: [
            ("CMD [\"x\"]\nENTRYPOINT [\"e\"]", ["x"], ["e"]),
            ("ENTRYPOINT [\"e\"]\nCMD [\"x\"]", ["x"], ["e"]),
            ("ENTRYPOINT [\"e\"]", nil, ["e"]),
            ("CMD x y", ["/bin/sh", "-c", "x y"], ["base"]), ("CMD", ["/bin/sh", "-c", ""], ["base"]),
            ("ENTRYPOINT", nil, ["/bin/sh", "-c", ""]), ("CMD []", [], ["base"]),
            ("SHELL [\"/bin/bash\", \"-c\"]\nCMD x", ["/bin/bash", "-c", "x"], ["base"]),
            ("ENTRYPOINT []", nil, nil),
            ("ENV a=b", ["cmd"], ["base"]),
        ] as [(String, [String]?, [String]?)])
    func anEntryPointWipesTheCommandOfTheBaseOnly(_ text: String, _ command: [String]?, _ entry: [String]?) async throws
    {
        let base = try ImageConfig.sample(json: #"{"config":{"Entrypoint":["base"],"Cmd":["cmd"]}}"#)
        let plan = try await BuildPlan.of("FROM base\n" + text, images: KnownImages(["base": base]))
        #expect(plan.targets[0].config.command == command)
        #expect(plan.targets[0].config.entrypoint == entry)
    }

    @Test func anEntryPointWipesTheCommandOfAParentStage() async throws {
        let plan = try await BuildPlan.of("FROM scratch AS a\nCMD [\"x\"]\nFROM a\nENTRYPOINT [\"e\"]")
        #expect(plan.targets[0].config.command == nil)
    }

    @Test func instructionsSetTheConfiguration() async throws {
        let plan = try await BuildPlan.of(
            """
            FROM scratch
            ARG port=90
            EXPOSE 80/TCP $port 7000-7002/udp
            VOLUME ["/b", "/a", "/a"]
            LABEL one=1 two="2 2"
            USER app:app
            STOPSIGNAL SIGINT
            SHELL ["/bin/ash", "-c"]
            HEALTHCHECK --interval=5s --retries=2 CMD true
            WORKDIR /a/
            WORKDIR b
            WORKDIR ..
            """)
        let config = plan.targets[0].config
        #expect(config[set: "ExposedPorts"].sorted() == ["7000/udp", "7001/udp", "7002/udp", "80/tcp", "90/tcp"])
        #expect(config[set: "Volumes"].sorted() == ["/a", "/b"])
        #expect(config.labels == ["one": "1", "two": "2 2"])
        #expect(config.user == "app:app")
        #expect(config.stopSignal == "SIGINT")
        #expect(config.shell == ["/bin/ash", "-c"])
        #expect(config.workingDirectory == "/a")
        #expect(plan.runtime("Healthcheck")?["Test"] == ["CMD-SHELL", "true"])
        #expect(plan.runtime("Healthcheck")?["Interval"] == .integer(5_000_000_000))
        #expect(plan.runtime("Healthcheck")?["Retries"] == .integer(2))
    }

    @Test func membersOfTheBaseThatWeDoNotKnowSurvive() async throws {
        let base = try ImageConfig.sample(json: #"{"moby.extension":{"x":[1]},"config":{"Odd":true}}"#)
        let plan = try await BuildPlan.of("FROM base\nLABEL a=b", images: KnownImages(["base": base]))
        let json = plan.targets[0].config(with: LayerChain(base.diffIDs)).json
        #expect(json["moby.extension"]?["x"] == [.integer(1)])
        #expect(json["config"]?["Odd"] == .bool(true))
    }

    @Test func scratchStartsWithAPathAndTheRootDirectory() async throws {
        let config = try await BuildPlan.of("FROM scratch\nLABEL a=b").targets[0].config
        #expect(config.environment == ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        #expect(config.workingDirectory == "/")
        let base = KnownImages(["base": try .sample(json: #"{"config":{"Env":["A=1"]}}"#)])
        let own = try await BuildPlan.of("FROM base\nLABEL a=b", images: base).targets[0].config
        #expect(own.environment == ["A=1"] + config.environment)
    }

    @Test func labelsOfTheRequestBeatTheFilesAndAreNotInHistory() async throws {
        let plan = try await BuildPlan.of("FROM scratch\nLABEL a=file b=file") { $0.labels = ["a": "request"] }
        #expect(plan.targets[0].config.labels == ["a": "request", "b": "file"])
        #expect(plan.history == ["LABEL a=file b=file"])
    }

    // MARK: History

    @Test func historyHasTheWordsOtherBuildersUse() async throws {
        let plan = try await BuildPlan.of(
            """
            FROM scratch
            WORKDIR /x/
            WORKDIR /
            ENV a=b
            EXPOSE 80
            CMD ["x", "y z"]
            ENTRYPOINT echo hi
            COPY --chown=1:2 a b /d/
            ADD a /d/
            RUN ["/bin/x", "y"]
            RUN <<E
            one
            E
            """)
        let expected: [(String, Bool)] = [
            ("WORKDIR /x", false), ("WORKDIR /", true), ("ENV a=b", true), ("EXPOSE [80/tcp]", true),
            (#"CMD ["x" "y z"]"#, true), (#"ENTRYPOINT ["/bin/sh" "-c" "echo hi"]"#, true),
            ("COPY --chown=1:2 a b /d/ # buildkit", false), ("ADD a /d/ # buildkit", false),
            ("RUN /bin/x y # buildkit", false), ("RUN /bin/sh -c one\n # buildkit", false),
        ]
        let history = plan.targets[0].history
        #expect(history.map(\.createdBy) == expected.map(\.0))
        #expect(history.map(\.isEmptyLayer) == expected.map(\.1))
        #expect(history.allSatisfy { $0.comment == "buildkit.dockerfile.v0" })
        #expect(history.allSatisfy { $0.created == "2023-11-14T22:13:20Z" })
    }

    @Test func aBasesHistoryIsKeptUnlessItsLayersAreMiscounted() async throws {
        let entry = #"{"created":"2001-01-01T00:00:00Z","created_by":"x"}"#
        for (history, layers) in [("[\(entry)]", 1), ("[\(entry)]", 3), ("[]", 2)] {
            let base = try ImageConfig.sample(layers: layers, json: #"{"history":\#(history)}"#)
            let plan = try await BuildPlan.of("FROM base\nLABEL a=b", images: KnownImages(["base": base]))
            let result = plan.targets[0].history
            #expect(result.count { !$0.isEmptyLayer } == layers)
            #expect(result.last?.createdBy == "LABEL a=b")
            if layers == 1 { #expect(result.first == base.history.first) }
        }
    }

    // MARK: Times

    @Test func theTimeOfFilesIsTheBasesAndNotTheCommits() async throws {
        let base = KnownImages(["base": try .sample(json: #"{"created":"2020-02-02T00:00:00Z"}"#)])
        let dockerfile = "FROM base\nRUN make\nCOPY a /\nWORKDIR /x"
        let early = try await BuildPlan.of(dockerfile, images: base) { $0.created = 1_600_000_000 }
        let late = try await BuildPlan.of(dockerfile, images: base) { $0.created = 1_700_000_000 }
        #expect(early.runs == late.runs)
        #expect(early.runs[0].epoch == 1_580_601_600)
        #expect(early.runs[0].environment.contains("SOURCE_DATE_EPOCH=1580601600"))
        #expect(early.copies[0].epoch == 1_580_601_600)
        #expect(early.targets[0].config.created == "2020-09-13T12:26:40Z")
    }

    @Test func aStageThatAsksForTheCommitsTimeGetsIt() async throws {
        let dockerfile = "FROM scratch\nARG SOURCE_DATE_EPOCH\nRUN make\nCOPY a /"
        let plan = try await BuildPlan.of(dockerfile) { $0.created = 1_600_000_000 }
        #expect(plan.runs[0].epoch == 1_600_000_000)
        #expect(plan.runs[0].environment.contains("SOURCE_DATE_EPOCH=1600000000"))
        #expect(plan.copies[0].epoch == 1_600_000_000)
        let given = try await BuildPlan.of(dockerfile) { $0.buildArguments = ["SOURCE_DATE_EPOCH": "77"] }
        #expect(given.runs[0].epoch == 77)
    }

    @Test(arguments: ["x", "-1", "", "1.5", "99999999999999999999"])
    func anEpochThatIsNoTimeIsRefused(_ text: String) async throws {
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of("FROM scratch\nRUN x") { $0.buildArguments = ["SOURCE_DATE_EPOCH": text] }
        }
        #expect(error?.description == "the build argument SOURCE_DATE_EPOCH is `\(text)`, not a number of seconds")
    }

    @Test func changingMetadataKeepsTheKeysOfSteps() async throws {
        let plain = try await BuildPlan.of("FROM scratch\nENV a=b\nRUN make\nCOPY a /")
        let changed = try await BuildPlan.of(
            "FROM scratch\nLABEL x=y\nEXPOSE 80\nENV a=b\nCMD y\nRUN make\nVOLUME /v\nCOPY a /")
        #expect(plain.runs == changed.runs)
        #expect(plain.graph.vertices.count == changed.graph.vertices.count)
    }

    // MARK: Commands

    @Test func scriptsAreGivenToTheirInterpreter() async throws {
        let plan = try await BuildPlan.of(
            """
            FROM scratch
            SHELL ["/broken"]
            RUN <<EOF
            #!/usr/bin/env  python3 -u
            print(1)
            EOF
            RUN <<EOF
            plain
            EOF
            RUN ["/bin/x", "y"]
            RUN cat <<EOF > f
            text
            EOF
            RUN <<../evil
            #!/bin/sh
            ../evil
            """)
        #expect(plan.runs[0].arguments == ["/usr/bin/env", "python3 -u", "/dev/pipes/EOF"])
        #expect(plan.runs[0].script?.bytes == Array("#!/usr/bin/env  python3 -u\nprint(1)\n".utf8))
        #expect(plan.runs[1].arguments == ["/broken", "plain\n"])
        #expect(plan.runs[2].arguments == ["/bin/x", "y"])
        #expect(plan.runs[3].arguments == ["/broken", "cat <<EOF > f\ntext\nEOF"])
        #expect(plan.runs[4].script?.name == "script")
    }

    /// A stage that is called as its image is no suggestion for it.
    @Test(arguments: [("FROM scratch\nCOPY --from=biulder /a /", true), ("FROM node AS node", false)])
    func aNameThatIsNoImageMayBeAMisspeltStage(_ end: String, _ isSuggested: Bool) async throws {
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of("FROM scratch AS builder\n\(end)\n")
        }
        let text = try #require(error).description
        #expect(text.contains("\nhint: did you mean the stage or context `builder`?") == isSuggested, "\(text)")
        #expect(text.contains("did you mean") == isSuggested)
    }

    @Test func equalStepsOfTwoStagesAreOneVertex() async throws {
        let plan = try await BuildPlan.of(
            "FROM scratch AS a\nRUN make\nFROM scratch AS b\nRUN make\nFROM scratch\nCOPY --from=a /x /\nCOPY --from=b /x /"
        )
        #expect(plan.runs.count == 1)
        #expect(plan.copies.count == 2)
    }

    @Test(arguments: [
        ("COPY a b c", "several sources need a directory as destination"),
        ("COPY a /b --chmod=755", "flags stand before the sources"),
        ("EXPOSE $PATH", "unknown protocol `usr/local/sbin:"), ("STOPSIGNAL $PATH", "unknown signal `/usr/local/sbin:"),
        ("COPY --chmod=64a a b", "invalid mode `64a`"), ("COPY --chmod=10000 a b", "invalid mode `10000`"),
        ("STOPSIGNAL SIGNOPE", "unknown signal `SIGNOPE`"), ("VOLUME \"\"", "a volume has an empty path"),
        ("USER $none", "the user is empty"),
    ])
    func mistakesAreShownInTheFile(_ instruction: String, _ message: String) async throws {
        let error = await #expect(throws: BuildError.self) { try await BuildPlan.of("FROM scratch\n\(instruction)\n") }
        let text = try #require(error).description
        #expect(text.contains(message), "\(text)")
        #expect(text.contains("Dockerfile:2"), "\(text)")
    }
}
